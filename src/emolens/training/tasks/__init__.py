"""Model, losses, what a batch must hold, and how it is validated: a batch in; named losses out."""
