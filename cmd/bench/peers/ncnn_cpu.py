"""ncnn on the CPU. To install it: pip install numpy ncnn"""
from ncnn_model import peer

peer(vulkan=False)
