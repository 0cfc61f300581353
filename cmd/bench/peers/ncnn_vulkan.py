"""ncnn on the first Vulkan device. To install it: pip install numpy ncnn, and a Vulkan driver (Debian: apt-get install mesa-vulkan-drivers)"""
from ncnn_model import peer

peer(vulkan=True)
