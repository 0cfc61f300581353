package main

// ofShaders are mutants of the kernels and of what is known of them.
func ofShaders() []mutant {
	const (
		pkg         = "./shaders"
		conv        = "^TestConv$"
		pointwise   = "^TestPointwise$"
		pool        = "^TestPool$"
		elementwise = "^TestElementwise$"
		winograd    = "^TestWinograd$"
	)
	return []mutant{
		// Bounds and indices.
		{file: "shaders/conv.comp", old: "ix >= 0 && ix < W)", new: "ix >= 0 && ix <= W)", pkg: pkg, run: conv},
		{file: "shaders/conv.comp", old: "ky * dilation_h - pad_top;", new: "ky * dilation_h - pad_left;", pkg: pkg, run: conv},
		{file: "shaders/conv.comp", old: "if (pixel >= N * out_h * out_w) return;", new: "if (pixel > N * out_h * out_w) return;", pkg: pkg, run: conv},
		{file: "shaders/conv.comp", old: ", (first + i) % 4);", new: ", i % 4);", pkg: pkg, run: conv},
		{file: "shaders/pointwise_tiled.comp", old: "bias = load_bias(first_group + G);", new: "bias = load_bias(first_group);", pkg: pkg, run: pointwise},
		{file: "shaders/pointwise_tiled.comp", old: "    if (first_group + G >= out_g) return; \\\n    t", new: "    if (first_group + G > out_g) return; \\\n    t", pkg: pkg, run: pointwise},
		{file: "shaders/pointwise_tiled.comp", old: "END_BLOCK(ig <= first_ig + TURNS,", new: "END_BLOCK(ig < first_ig + TURNS,", pkg: pkg, run: pointwise},
		{file: "shaders/conv_tiled.comp", old: "left += chunk * (KERNEL_W * DILATION_W);", new: "", pkg: pkg, run: "^TestLongRows$"},
		{file: "shaders/conv_tiled.comp", old: "chunk = more ? chunk : 0;", new: "", pkg: pkg, run: "^TestLongRows$"},
		{file: "shaders/convtranspose_depthwise.comp", old: "if (iy >= H || iy_rest.y != 0) continue;", new: "if (iy >= H) continue;", pkg: pkg, run: "^TestConvTranspose$"},
		{file: "shaders/stem.comp", old: "KERNEL_W * INPUTS;", new: "KERNEL_W * 3;", pkg: pkg, run: "^TestStem$"},
		{file: "shaders/grouped.comp", old: "min(first_og + g, last_og) + j - j / period(outputs);", new: "min(first_og + g, last_og) + j;", pkg: pkg, run: "^TestGrouped$"},
		{file: "shaders/grouped.comp", old: "bvec4(ivec4(mine) * int(inside)));", new: "bvec4(inside));", pkg: pkg, run: "^TestGrouped$"},
		{file: "shaders/dense.comp", old: "for (int other = 1;", new: "for (int other = 2;", pkg: pkg, run: "^TestDense$"},
		{file: "shaders/split_sum.comp", old: "part < SPLITS; ++part", new: "part < SPLITS - 1; ++part", pkg: pkg, run: pointwise},
		{file: "shaders/convtranspose_tiled.comp", old: "(KERNEL_W - 1) * stride_w < kernel_w;", new: "(KERNEL_W - 1) * stride_w <= kernel_w;", pkg: pkg, run: "^TestConvTranspose$"},
		{file: "shaders/convtranspose_tiled.comp", old: "int bottom = image_row.y + shift_y,", new: "int bottom = image_row.y,", pkg: pkg, run: "^TestConvTranspose$"},
		{file: "shaders/avgpool.comp", old: "y >= H) continue;", new: "y > H) continue;", pkg: pkg, run: pool},
		{file: "shaders/avgpool.comp", old: "H + pad_bottom : H);", new: "H : H);", pkg: pkg, run: pool},
		{file: "shaders/maxpool.comp", old: "vec4(uintBitsToFloat(0xff800000u)); // −∞", new: "vec4(0);", pkg: pkg, run: pool},
		{file: "shaders/winograd_in.comp", old: "v[3] = d[3] - d[1];", new: "v[3] = d[1] - d[3];", pkg: pkg, run: winograd},
		{file: "shaders/winograd_in.comp", old: "divide(from_tile + tile, x_tiles);", new: "divide(tile, x_tiles);", pkg: pkg, run: "^TestWinogradParts$"},
		{file: "shaders/winograd.go", old: "int32(min(each, tiles-first))", new: "int32(each)", pkg: pkg, run: "^TestWinogradParts$"},
		{file: "shaders/winograd_out.comp", old: "if (out_x + x < out_w) {", new: "if (out_x + x <= out_w) {", pkg: pkg, run: winograd},
		{file: "shaders/winograd_out.comp", old: "right && finite(r[x]);", new: "right;", pkg: pkg, run: winograd},
		{file: "shaders/common.glsl", old: "if (r >= b) { q += 1; r -= b; }", new: "", pkg: pkg, run: "^TestDivide$"},
		{file: "shaders/common.glsl", old: "    q += more;\n", new: "", pkg: pkg, run: "^TestDivide$"},
		{file: "shaders/common.glsl", old: "4 * t.dst_c4 - dst_c : 0;", new: "0 : 0;", pkg: pkg, run: pointwise},
		{file: "shaders/common.glsl", old: "g >= SEGMENT(i).x) s = i;", new: "g > SEGMENT(i).x) s = i;", pkg: pkg, run: pointwise},
		{file: "shaders/common.glsl", old: "max(min(until, kernel) - min(before, kernel), 0);", new: "max(until - min(before, kernel), 0);", pkg: pkg, run: pool},
		// NaN.
		{file: "shaders/nan.glsl", old: "return mix(mix(max(a, b), b, is_nan(b)), a, is_nan(a));", new: "return max(a, b);", pkg: pkg, run: pool},
		{file: "shaders/nan.glsl", old: "return mix(v, vec4(0), negative(v));", new: "return max(v, vec4(0));", pkg: pkg, run: conv},
		// Barriers.
		{file: "shaders/conv_shared.comp", old: "barrier(); // all have read what is overwritten now", new: "", pkg: pkg, run: conv},
		{file: "shaders/conv_shared.comp", old: "memoryBarrierShared();\n            barrier();", new: "", pkg: pkg, run: conv},
		{file: "shaders/avgpool_wide.comp", old: "memoryBarrierShared();\n    barrier();", new: "", pkg: pkg, run: pool},
		{file: "shaders/softmax_wide.comp", old: "barrier(); // all have read", new: "", pkg: pkg, run: elementwise},
		{file: "shaders/dense.comp", old: "memoryBarrierShared();\n    barrier();", new: "", pkg: pkg, run: "^TestDense$"},
		// The host's side.
		{file: "shaders/key.go", old: "k.Rest = k.rest(p)", new: "k.Rest = false", pkg: pkg, run: conv},
		{file: "shaders/key.go", old: "k.Chunks = k.chunked(p)", new: "k.Chunks = false", pkg: pkg, run: "^TestLongRows$"},
		{file: "inception/plan/op_conv.go", old: "p.PadTop, p.PadLeft, p.PadBottom, p.PadRight = p.PadLeft, p.PadTop, p.PadRight, p.PadBottom", new: "", pkg: "./inception/run", run: "^TestColumn$"},
		{file: "shaders/key.go", old: "k.Wide = p.quotient() >= maxQuotient", new: "k.Wide = false", pkg: pkg, run: "^TestWide$"},
		{file: "shaders/nc4hw4.go", old: "\t\tclear(d)\n", new: "", pkg: pkg, run: "Pack"},
		{file: "shaders/launch.go", old: "all := Range{Texels: k.splits() * p.texels()}", new: "all := Range{Texels: p.texels()}", pkg: "./inception/run", run: "^TestSplitSums$"},
		{file: "shaders/launch.go", old: "part.First = [2]int{atX, atY}", new: "part.First = [2]int{0, atY}", pkg: pkg, run: "^TestUnary$"},
		{file: "shaders/conv_shared.comp", old: "stop = first_k + AHEAD * TILE_K,", new: "stop = first_k,", pkg: pkg, run: "^TestSharedTiles$"},
		// Slices that span two taps.
		{file: "shaders/conv_shared.comp", old: "while (ig >= C4) {", new: "if (ig >= C4) {", pkg: pkg, run: conv},
		{file: "shaders/conv_shared.comp", old: "w_row < C4 - ig ? w_at : w_at + 4 - 4 * texels;", new: "w_at;", pkg: pkg, run: conv},
		{file: "shaders/conv_shared.comp", old: "(left > (J) * IN_STEP ? before : inside)", new: "inside", pkg: pkg, run: conv},
		{file: "shaders/conv_shared.comp", old: "(left > j * IN_STEP ? at_before : at)", new: "at_before", pkg: pkg, run: conv},
		{file: "shaders/conv_shared.comp", old: "inside = tap < window && ", new: "inside = ", pkg: pkg, run: conv},
		{file: "shaders/conv_shared.go", old: "n-1-gcd(n, in) >= in", new: "n-1 >= in", pkg: pkg, run: "^TestSlices$"},
		{file: "shaders/winograd.go", old: "return []Range{v, {ceil(v.Texels, 16) * 16,", new: "return []Range{v, {0,", pkg: pkg, run: winograd},
	}
}
