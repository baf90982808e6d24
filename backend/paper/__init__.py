"""The authors' files, and their network on image features."""
