namespace LatentDiffusion.Networks;

/// <summary>
/// The TorchScript methods that compute whole blocks of networks with packed weights, in TorchScript's serialised form: one call
/// in place of a dozen, without tensors of .NET in between. Feature maps are channels-last.
/// </summary>
internal static class CpuBlockSource
{
    /// <summary>The methods. They call those of <see cref="CpuOperatorSource"/> and <see cref="WinogradSource"/>.</summary>
    public static string Methods => $$"""
          def is_narrow(self: __torch__.Module, x: Tensor, groups: int) -> bool:
            few = torch.lt(torch.mul(torch.size(x, 2), torch.size(x, 3)), {{PixelsOfRows}})
            part = torch.remainder(torch.floordiv(torch.size(x, 1), groups), {{ChannelsOfVector}})
            return torch.__and__(few, torch.ne(part, 0))

          def normalize(self: __torch__.Module, x: Tensor, w: Tensor, b: Tensor, groups: int, eps: float) -> Tensor:
            pixels = torch.mul(torch.size(x, 2), torch.size(x, 3))
            narrow = (self).is_narrow(x, groups)
            if torch.__and__(narrow, torch.le(pixels, {{PixelsOfPlanes}})):
              r = torch.contiguous(torch.group_norm(torch.contiguous(x), groups, w, b, eps), memory_format=2)
            elif narrow:
              n = torch.size(x, 0)
              c = torch.size(x, 1)
              y = torch.flatten(torch.permute(x, [0, 2, 3, 1]), 1, 2)
              count = torch.floordiv(torch.numel(x), torch.mul(n, groups))
              sums = torch.stack([torch.sum(y, [1]), torch.sum(torch.square(y), [1])])
              means = torch.div(torch.sum(torch.view(sums, [2, n, groups, -1]), [-1], True), count)
              mean = torch.select(means, 0, 0)
              variance = torch.clamp_min_(torch.addcmul(torch.select(means, 0, 1), mean, mean, value=-1), 0)
              scale = torch.mul(torch.view(w, [groups, -1]), torch.rsqrt_(torch.add_(variance, eps)))
              shift = torch.addcmul(torch.view(b, [groups, -1]), mean, scale, value=-1)
              z = torch.addcmul(torch.view(shift, [n, 1, c]), y, torch.view(scale, [n, 1, c]))
              r = torch.permute(torch.view(z, [n, torch.size(x, 2), torch.size(x, 3), c]), [0, 3, 1, 2])
            else:
              r = torch.group_norm(x, groups, w, b, eps)
            return r

          def activate(self: __torch__.Module, x: Tensor, w: Tensor, b: Tensor, groups: int, eps: float) -> Tensor:
            return torch.silu_((self).normalize(x, w, b, groups, eps))

          def normalize_map(self: __torch__.Module, x: Tensor, w: Tensor, b: Tensor, groups: int, eps: float) -> Tensor:
            return (self).normalize(torch.contiguous(x, memory_format=2), w, b, groups, eps)

          def resnet(self: __torch__.Module, x: Tensor, w1: Tensor, b1: Tensor, conv1: Tensor, conv_b1: Tensor, time: Optional[Tensor],
              w2: Tensor, b2: Tensor, conv2: Tensor, conv_b2: Tensor, shortcut: Optional[Tensor], shortcut_b: Optional[Tensor],
              groups: int, eps: float) -> Tensor:
            scalars = annotate(List[Optional[number]], [])
            x = torch.contiguous(x, memory_format=2)
            y = (self).activate(x, w1, b1, groups, eps)
            if torch.__is__(time, None):
              y = (self).conv3(y, conv1, conv_b1)
            else:
              y = torch.add_((self).conv3(y, conv1, conv_b1), unchecked_cast(Tensor, time))
            y = (self).activate(y, w2, b2, groups, eps)
            if torch.__is__(shortcut, None):
              r = (self).conv3_add(y, x, conv2, conv_b2)
            else:
              r = ops.mkldnn._convolution_pointwise(x, unchecked_cast(Tensor, shortcut), shortcut_b, [0, 0], [1, 1], [1, 1], 1, "none",
                  scalars, None)
              r = (self).conv3_add(y, r, conv2, conv_b2)
            return r

          def attend(self: __torch__.Module, q: Tensor, k: Tensor, v: Tensor, bias: Optional[Tensor], heads: int) -> Tensor:
            n = torch.size(q, 0)
            p = torch.size(q, 1)
            t = torch.size(k, 1)
            d = torch.floordiv(torch.size(q, 2), heads)
            q = torch.transpose(torch.view(q, [n, p, heads, d]), 1, 2)
            k = torch.transpose(torch.view(k, [n, t, heads, d]), 1, 2)
            v = torch.transpose(torch.view(v, [n, t, heads, d]), 1, 2)
            large = torch.ge(torch.mul(torch.mul(p, t), d), {{ProductsOfLargeHead}})
            if torch.__and__(large, torch.__is__(bias, None)):
              scalars = annotate(List[Optional[number]], [])
              q = torch.contiguous(torch.div(q, torch.sqrt(d)))
              k = torch.contiguous(k)
              v = torch.contiguous(torch.transpose(v, 2, 3))
              r = torch.empty([n, p, heads, d], dtype=6)
              rows = ops.prim.max(torch.floordiv({{LogitsOfPart}}, t), 1)
              parts = torch.floordiv(torch.sub(torch.add(p, rows), 1), rows)
              for i in range(torch.mul(n, heads)):
                sample = torch.floordiv(i, heads)
                head = torch.remainder(i, heads)
                q_i = torch.select(torch.select(q, 0, sample), 0, head)
                k_i = torch.select(torch.select(k, 0, sample), 0, head)
                v_i = torch.select(torch.select(v, 0, sample), 0, head)
                r_i = torch.select(torch.select(r, 0, sample), 1, head)
                for j in range(parts):
                  first = torch.mul(j, rows)
                  last = ops.prim.min(torch.add(first, rows), p)
                  s = ops.mkldnn._linear_pointwise(torch.slice(q_i, 0, first, last), k_i, None, "none", scalars, None)
                  s = torch._softmax(s, -1, False, out=s)
                  s = ops.mkldnn._linear_pointwise(s, v_i, None, "none", scalars, None)
                  _0 = torch.copy_(torch.slice(r_i, 0, first, last), s)
            else:
              r = torch.transpose(torch.scaled_dot_product_attention(q, k, v, bias), 1, 2)
            return torch.flatten(r, 2, 3)

          def attention(self: __torch__.Module, x: Tensor, w: Tensor, b: Tensor, eps: float, q: Tensor, k: Tensor, v: Tensor,
              out: Tensor, out_b: Tensor, heads: int) -> Tensor:
            y = torch.layer_norm(x, [torch.size(x, 2)], w, b, eps)
            a = (self).attend((self).linear_plain(y, q), (self).linear_plain(y, k), (self).linear_plain(y, v), None, heads)
            return (self).linear_add(a, x, out, out_b)

          def cross_attention(self: __torch__.Module, x: Tensor, w: Tensor, b: Tensor, eps: float, q: Tensor, k: Tensor, v: Tensor,
              bias: Optional[Tensor], out: Tensor, out_b: Tensor, heads: int) -> Tensor:
            y = torch.layer_norm(x, [torch.size(x, 2)], w, b, eps)
            return (self).linear_add((self).attend((self).linear_plain(y, q), k, v, bias, heads), x, out, out_b)

          def feed_forward(self: __torch__.Module, x: Tensor, w: Tensor, b: Tensor, eps: float, value: Tensor, gate: Tensor,
              bias: Tensor, out: Tensor, out_b: Tensor) -> Tensor:
            y = torch.layer_norm(x, [torch.size(x, 2)], w, b, eps)
            half = torch.floordiv(torch.numel(bias), 2)
            g = (self).linear_gelu(y, gate, torch.slice(bias, 0, half))
            return (self).linear_add((self).linear_mul(y, g, value, torch.slice(bias, 0, 0, half)), x, out, out_b)

          def project_in(self: __torch__.Module, x: Tensor, w: Tensor, b: Tensor, groups: int, eps: float, p: Tensor, p_b: Tensor,
              is_linear: bool) -> Tensor:
            y = (self).normalize(torch.contiguous(x, memory_format=2), w, b, groups, eps)
            if is_linear:
              r = (self).linear(torch.flatten(torch.permute(y, [0, 2, 3, 1]), 1, 2), p, p_b)
            else:
              r = torch.flatten(torch.permute((self).conv_1_0(y, p, p_b), [0, 2, 3, 1]), 1, 2)
            return r

          def project_out(self: __torch__.Module, x: Tensor, y: Tensor, p: Tensor, p_b: Tensor, is_linear: bool) -> Tensor:
            y = torch.contiguous(y, memory_format=2)
            shape = [torch.size(y, 0), torch.size(y, 2), torch.size(y, 3), -1]
            if is_linear:
              rows = torch.flatten(torch.permute(y, [0, 2, 3, 1]), 1, 2)
              r = torch.permute(torch.view((self).linear_add(x, rows, p, p_b), shape), [0, 3, 1, 2])
            else:
              r = (self).conv_add_1_0(torch.permute(torch.view(x, shape), [0, 3, 1, 2]), y, p, p_b)
            return r


        """.ReplaceLineEndings("\n");

    // libtorch's own normalisation reads the channels of a group pixel by pixel for maps smaller than this. Where they do not fill
    // vectors it takes up to eight times the time of sums over rows of all channels (128 channels in 32 groups, 2·16² pixels: 393 and
    // 50 µs on AVX-512; 640 channels: 500 and 172 µs; equal or faster for a multiple of eight channels).
    private const int PixelsOfRows = 1024, ChannelsOfVector = 8;

    // Maps as small as this are normalised faster with the channels apart, and copied before and after (384 channels, 2·4² pixels: 42
    // and 21 µs; 2·8²: 75 and 91).
    private const int PixelsOfPlanes = 16;

    // Multiplications of queries and keys of one head from which two products of oneDNN per head are faster than libtorch's own kernel,
    // which multiplies small tiles (one AVX-512 thread; 256² logits of width 16: equal; 256·77 of 80: 1.1 and 1.5 ms; 1024² of 40: 24
    // and 33 ms; 4096² of 512: 149 and 333 ms).
    private const int ProductsOfLargeHead = 3 << 19;

    // Logits of one product, which bound its memory.
    private const int LogitsOfPart = 1 << 22;
}
