namespace LatentDiffusion.Networks;

/// <summary>
/// The TorchScript methods of <see cref="WinogradConvolution"/>, in TorchScript's serialised form. They compute with packed
/// weights of either layout: those of <c>conv_1_1</c>, whose kernels have three columns, and transformed ones.
/// </summary>
internal static class WinogradSource
{
    /// <summary>The methods. Their maps are channels-last.</summary>
    public static string Methods => $$"""
          def bands(self: __torch__.Module, rows: int, columns: int, channels: int) -> int:
            most = torch.floordiv({{ValuesOfBand}}, torch.mul(columns, torch.mul(channels, 16)))
            least = torch.floordiv(torch.sub(torch.add({{WinogradConvolution.LeastTiles}}, columns), 1), columns)
            return ops.prim.min(ops.prim.max(most, least), rows)

          def pack_winograd(self: __torch__.Module, w: Tensor, x: Tensor) -> Tensor:
            c = torch.size(w, 1)
            columns = torch.floordiv(torch.size(x, 3), 2)
            rows = (self).bands(torch.floordiv(torch.size(x, 2), 2), columns, c)
            size = [1, torch.mul(c, 16), torch.mul(rows, columns), 1]
            return ops.mkldnn._reorder_convolution_weight(w, [0, 0], [1, 1], [1, 1], 16, size)

          def winograd_tiles(self: __torch__.Module, x: Tensor, n: int, first: int, rows: int, columns: int, sample: int, row: int,
              c: int) -> Tensor:
            # B'dB, down the columns and then along the rows: differences and sums of four rows, and of four pixels.
            pair = torch.mul(row, 2)
            lines = torch.mul(n, rows)
            whole = torch.mul(lines, row)
            t = torch.empty([4, n, rows, row], dtype=6)
            shape = [2, n, rows, row]
            outer = torch.as_strided(t, shape, [torch.mul(whole, 3), torch.mul(rows, row), row, 1], 0)
            upper = torch.as_strided(x, shape, [row, sample, pair, 1], first)
            lower = torch.as_strided(x, shape, [row, sample, pair, 1], torch.add(first, pair))
            _0 = torch.sub(upper, lower, alpha=1, out=outer)
            upper = torch.select(upper, 0, 1)
            lower = torch.select(lower, 0, 0)
            _1 = torch.add(upper, lower, alpha=1, out=torch.select(t, 0, 1))
            _2 = torch.sub(lower, upper, alpha=1, out=torch.select(t, 0, 2))
            tile = torch.mul(c, 16)
            line = torch.mul(columns, tile)
            step = torch.mul(c, 2)
            v = torch.empty([torch.mul(lines, columns), tile], dtype=6)
            shape = [2, 4, lines, columns, c]
            outer = torch.as_strided(v, shape, [torch.mul(c, 12), c, line, tile, 1], 0)
            left = torch.as_strided(t, shape, [c, whole, row, step, 1], 0)
            right = torch.as_strided(t, shape, [c, whole, row, step, 1], step)
            _3 = torch.sub(left, right, alpha=1, out=outer)
            left = torch.select(left, 0, 1)
            right = torch.select(right, 0, 0)
            shape = [4, lines, columns, c]
            _4 = torch.add(left, right, alpha=1, out=torch.as_strided(v, shape, [c, line, tile, 1], torch.mul(c, 4)))
            _5 = torch.sub(right, left, alpha=1, out=torch.as_strided(v, shape, [c, line, tile, 1], torch.mul(c, 8)))
            return v

          def winograd_pixels(self: __torch__.Module, m: Tensor, r: Tensor, n: int, first: int, rows: int, columns: int, sample: int,
              o: int) -> Tensor:
            # A'mA, down the columns and then along the rows.
            tiles = torch.size(m, 0)
            z = torch.empty([2, tiles, 4, o], dtype=6)
            m1 = torch.select(m, 2, 1)
            m2 = torch.select(m, 2, 2)
            _0 = torch.add_(torch.add(m1, m2, alpha=1, out=torch.select(z, 0, 0)), torch.select(m, 2, 0))
            _1 = torch.sub_(torch.sub(m1, m2, alpha=1, out=torch.select(z, 0, 1)), torch.select(m, 2, 3))
            z1 = torch.select(z, 2, 1)
            z2 = torch.select(z, 2, 2)
            tile = torch.mul(o, 4)
            line = torch.mul(columns, tile)
            shape = [2, n, rows, columns, o]
            strides = [torch.mul(tiles, tile), torch.mul(rows, line), line, tile, 1]
            row = torch.mul(columns, torch.mul(o, 2))
            places = [row, sample, torch.mul(row, 2), torch.mul(o, 2), 1]
            left = torch.as_strided(r, shape, places, first)
            right = torch.as_strided(r, shape, places, torch.add(first, o))
            _2 = torch.add(torch.view(torch.add(z1, z2), shape), torch.as_strided(z, shape, strides, 0), alpha=1, out=left)
            third = torch.as_strided(z, shape, strides, torch.mul(o, 3))
            _3 = torch.sub(torch.view(torch.sub(z1, z2), shape), third, alpha=1, out=right)
            return r

          def winograd(self: __torch__.Module, x: Tensor, w: Tensor, b: Tensor) -> Tensor:
            scalars = annotate(List[Optional[number]], [])
            n = torch.size(x, 0)
            c = torch.size(x, 1)
            o = torch.numel(b)
            rows = torch.floordiv(torch.size(x, 2), 2)
            columns = torch.floordiv(torch.size(x, 3), 2)
            padded = torch.constant_pad_nd(torch.permute(x, [0, 2, 3, 1]), [0, 0, 1, 1, 1, 1])
            # Of the products, the one in the middle is in every sum with a positive sign: it has the bias.
            bias = torch.constant_pad_nd(b, [torch.mul(o, 5), torch.mul(o, 10)])
            row_in = torch.mul(torch.add(columns, 1), torch.mul(c, 2))
            row_out = torch.mul(columns, torch.mul(o, 2))
            sample_in = torch.mul(torch.add(rows, 1), torch.mul(row_in, 2))
            sample_out = torch.mul(rows, torch.mul(row_out, 2))
            r = torch.empty([n, torch.mul(rows, 2), torch.mul(columns, 2), o], dtype=6)
            band = (self).bands(rows, columns, c)
            tiles = torch.mul(torch.mul(rows, columns), torch.mul(c, 16))
            samples = ops.prim.min(ops.prim.max(torch.floordiv({{ValuesOfBand}}, tiles), 1), n)
            for i in range(torch.floordiv(torch.sub(torch.add(n, samples), 1), samples)):
              for j in range(torch.floordiv(torch.sub(torch.add(rows, band), 1), band)):
                # The last parts overlap those before them, so that all are equally large: the layout of the weights is for that size.
                n0 = ops.prim.min(torch.mul(i, samples), torch.sub(n, samples))
                h0 = torch.mul(ops.prim.min(torch.mul(j, band), torch.sub(rows, band)), 2)
                first = torch.add(torch.mul(n0, sample_in), torch.mul(h0, row_in))
                v = (self).winograd_tiles(padded, samples, first, band, columns, sample_in, row_in, c)
                size = [1, torch.mul(c, 16), torch.size(v, 0), 1]
                v = torch.as_strided(v, size, [torch.numel(v), 1, torch.mul(c, 16), torch.mul(c, 16)], 0)
                m = ops.mkldnn._convolution_pointwise(v, w, bias, [0, 0], [1, 1], [1, 1], 16, "none", scalars, None)
                m = torch.view(torch.contiguous(torch.permute(m, [0, 2, 3, 1])), [torch.size(v, 2), 4, 4, o])
                first = torch.add(torch.mul(n0, sample_out), torch.mul(h0, row_out))
                _0 = (self).winograd_pixels(m, r, samples, first, band, columns, sample_out, o)
            return torch.permute(r, [0, 3, 1, 2])

          def conv3(self: __torch__.Module, x: Tensor, w: Tensor, b: Tensor) -> Tensor:
            if torch.eq(torch.size(w, -1), 3):
              r = (self).conv_1_1(x, w, b)
            else:
              r = (self).winograd(x, w, b)
            return r

          def conv3_add(self: __torch__.Module, x: Tensor, y: Tensor, w: Tensor, b: Tensor) -> Tensor:
            if torch.eq(torch.size(w, -1), 3):
              r = (self).conv_add_1_1(x, y, w, b)
            else:
              r = torch.add_((self).winograd(x, w, b), y)
            return r


        """.ReplaceLineEndings("\n");

    // Transformed values that are computed at once: 4 MB, which stay in the cache, with as many products.
    private const int ValuesOfBand = 1 << 20;
}
