// libcudart.so and libcublas.so: the bindings are linked to them and our driver calls nothing in them.
