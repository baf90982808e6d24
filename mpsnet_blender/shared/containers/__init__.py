"""Files that hold Python objects, read without running anything that they name: pickles of numpy, joblib and PyTorch."""
