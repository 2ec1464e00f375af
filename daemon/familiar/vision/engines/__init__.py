"""Find faces and turn them into numbers, with ONNX Runtime or dlib."""
