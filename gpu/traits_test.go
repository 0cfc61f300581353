package gpu

import "testing"

func TestIsSoftware(t *testing.T) {
	for r, want := range map[string]bool{
		"llvmpipe (LLVM 15.0.6, 256 bits)": true, "zink (llvmpipe (LLVM 15.0.6, 256 bits))": true, "softpipe": true,
		"Microsoft Basic Render Driver": true, "GDI Generic": true, "Google SwiftShader": true,
		"NVIDIA H100": false, "Mesa Intel(R) UHD Graphics 620 (KBL GT2)": false, "AMD Radeon RX 6700 XT": false,
	} {
		if got := isSoftware(r, false); got != want {
			t.Errorf("isSoftware(%q) is %v, want %v", r, got, want)
		}
	}
	if !isSoftware("something new", true) || isSoftware("D3D12 (NVIDIA GeForce RTX 3080)", true) {
		t.Error("the EGL flag is misread")
	}
}

func TestTraitsOf(t *testing.T) {
	for renderer, want := range map[string]Traits{
		"llvmpipe (LLVM 15.0.6, 256 bits)":                                  {MaxIterations: 65535, Lanes: 8},
		"llvmpipe (LLVM 19.1.7, 512 bits)":                                  {MaxIterations: 65535, Lanes: 16},
		"llvmpipe (LLVM 7.0, 128 bits)":                                     {MaxIterations: 65535, Lanes: 4},
		"zink (llvmpipe (LLVM 15.0.6, 256 bits))":                           {MaxIterations: 65535, Lanes: 8, StaleViews: true},
		"zink Vulkan 1.4(llvmpipe (LLVM 19.1.7, 256 bits) (MESA_LLVMPIPE))": {MaxIterations: 65535, Lanes: 8, StaleViews: true},
		"zink (Lavapipe)":                                                   {MaxIterations: 65535, StaleViews: true},
		"softpipe":                                                          {},
		"Google SwiftShader":                                                {},
		"zink Vulkan 1.3(NVIDIA GeForce RTX 4090 (NVIDIA_PROPRIETARY))":     {StaleViews: true},
		"Mesa Intel(R) Xe Graphics (TGL GT2)":                               {Registers: intelRegisters},
		"Intel(R) UHD Graphics 620":                                         {Registers: intelRegisters},
		"NVIDIA H100 80GB HBM3/PCIe/SSE2":                                   {},
		"A card with 256 bits of bus":                                       {},
		"":                                                                  {},
	} {
		if got := traitsOf(renderer, false); got != want {
			t.Errorf("%q has %+v, want %+v", renderer, got, want)
		}
		want.StoresNumbers = want.Lanes > 0
		if got := traitsOf(renderer, true); got != want {
			t.Errorf("%q on an AMD CPU has %+v, want %+v", renderer, got, want)
		}
	}
}
