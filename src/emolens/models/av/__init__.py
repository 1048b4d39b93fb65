"""Parts of the audio-visual networks: segments of frames and of sound in; features, then logits of both out."""
