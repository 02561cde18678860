# Part of weft, under the Apache License v2.0 with LLVM Exceptions.
"""A network of many launches and no weights."""
print("weft 1\n\nnet many(x: f32[1, 8]) -> (y: f32[1, 8]) {")
for _ in range(60):
    print("  x = softmax(x, axis=1)")
print("  y = relu(x)\n}")
