// Does nothing: what a dispatch costs by itself.
layout(local_size_x = 1) in;
void main() {}
