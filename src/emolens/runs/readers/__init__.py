"""One file a family of trained models: a run folder and its config in; a model that is ready out."""
