using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>
/// T2I-Adapters written from the paper (Mou et al. 2023, section 3.3) and its code, with plain functions of libtorch over the tensors of
/// a checkpoint.
/// </summary>
internal static class PlainT2IAdapter
{
    /// <param name="weights">The checkpoint's tensors under diffusers' names.</param>
    /// <param name="image">[batch, channels, height, width], in [0, 1].</param>
    /// <param name="factor">Side of the squares that become one pixel.</param>
    /// <param name="halvedBefore">The blocks before which the size is halved.</param>
    public static List<Tensor> Evaluate(Dictionary<string, Tensor> weights, Tensor image, int factor, params int[] halvedBefore)
    {
        (long n, long c, long h, long w) = (image.shape[0], image.shape[1], image.shape[2] / factor, image.shape[3] / factor);
        Tensor x = image.reshape(n, c, h, factor, w, factor).permute(0, 1, 3, 5, 2, 4).reshape(n, c * factor * factor, h, w);
        if (weights.ContainsKey("adapter.conv_in.weight")) x = Convolve("adapter.conv_in", x);
        var maps = new List<Tensor>();
        for (int block = 0; weights.Keys.Any(name => name.StartsWith($"adapter.body.{block}.", StringComparison.Ordinal)); block++)
        {
            string body = $"adapter.body.{block}.";
            if (halvedBefore.Contains(block)) x = Halved(x);
            if (weights.ContainsKey(body + "in_conv.weight")) x = Convolve(body + "in_conv", x);
            for (int i = 0; weights.ContainsKey($"{body}resnets.{i}.block1.weight"); i++)
                x = x + Convolve($"{body}resnets.{i}.block2", Convolve($"{body}resnets.{i}.block1", x).clamp_min(0));
            if (weights.ContainsKey(body + "out_conv.weight")) x = Convolve(body + "out_conv", x);
            maps.Add(x);
        }

        return maps;

        Tensor Convolve(string name, Tensor input)
        {
            Tensor weight = weights[name + ".weight"];
            long padding = weight.shape[^1] / 2;
            return nn.functional.conv2d(input, weight, weights[name + ".bias"], [1, 1], [padding, padding]);
        }
    }

    /// <summary>The mean of each 2×2 pixels; at odd edges of those that there are.</summary>
    private static Tensor Halved(Tensor x)
    {
        (long h, long w) = (x.shape[2], x.shape[3]);
        long[] rows = [.. Enumerable.Range(0, (int)(h + 1) / 2).Select(i => 2L * i)], columns =
            [.. Enumerable.Range(0, (int)(w + 1) / 2).Select(i => 2L * i)];
        Tensor ofRows = cat([.. rows.Select(r => x.narrow(2, r, Math.Min(2, h - r)).mean([2], keepdim: true))], 2);
        return cat([.. columns.Select(c => ofRows.narrow(3, c, Math.Min(2, w - c)).mean([3], keepdim: true))], 3);
    }
}
