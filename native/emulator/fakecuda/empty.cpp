// libcudart.so.13 and libcublas.so.13: the bindings are linked to them and our driver calls nothing in them.
