using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Upscaling;

/// <summary>The networks written as their papers and published code say, with libtorch's functions only.</summary>
internal static class PlainUpscalers
{
    /// <summary>RRDBNet (Wang et al. 2018, figures 3 and 4; pixel unshuffle as in Wang et al. 2021, section 4.1).</summary>
    public static Tensor Rrdb(Tensor images, IReadOnlyDictionary<string, Tensor> weights, int blocks, int doublings, int unshuffle)
    {
        Tensor shallow = Convolve(Unshuffle(images, unshuffle), "conv_first"), x = shallow;
        for (int block = 0; block < blocks; block++)
        {
            Tensor around = x;
            for (int dense = 1; dense <= 3; dense++)
            {
                List<Tensor> all = [x];
                for (int conv = 1; conv <= 4; conv++) all.Add(Leaky(Convolve(cat([.. all], 1), $"body.{block}.rdb{dense}.conv{conv}")));
                x = 0.2 * Convolve(cat([.. all], 1), $"body.{block}.rdb{dense}.conv5") + x;
            }

            x = 0.2 * x + around;
        }

        x = shallow + Convolve(x, "conv_body");
        for (int i = 1; i <= doublings; i++) x = Leaky(Convolve(Repeat(x, 2), $"conv_up{i}"));
        return Convolve(Leaky(Convolve(x, "conv_hr")), "conv_last");

        Tensor Convolve(Tensor map, string layer) => PlainUpscalers.Convolve(map, weights, layer);
    }

    /// <summary>SRVGGNetCompact, as the code of Real-ESRGAN defines it.</summary>
    public static Tensor Compact(Tensor images, IReadOnlyDictionary<string, Tensor> weights, int convolutions, int scale)
    {
        Tensor x = images;
        for (int i = 0; i <= convolutions; i++)
        {
            x = Convolve(x, weights, $"body.{2 * i}");
            Tensor slopes = weights[$"body.{2 * i + 1}.weight"].view(1, -1, 1, 1);
            x = where(x > 0, x, slopes * x);
        }

        x = Convolve(x, weights, $"body.{2 * convolutions + 2}");
        // Channel c·s² + y·s + x is the pixel (y, x) of the square of color c.
        (long height, long width) = (images.shape[2], images.shape[3]);
        x = x.view(1, 3, scale, scale, height, width).permute(0, 1, 4, 2, 5, 3).reshape(1, 3, scale * height, scale * width);
        return x + Repeat(images, scale);
    }

    private static Tensor Convolve(Tensor map, IReadOnlyDictionary<string, Tensor> weights, string layer) =>
        nn.functional.conv2d(map, weights[$"{layer}.weight"], weights[$"{layer}.bias"], [1, 1], [1, 1]);

    private static Tensor Leaky(Tensor x) => where(x > 0, x, 0.2 * x);

    private static Tensor Repeat(Tensor map, int times) => map.repeat_interleave(times, 2).repeat_interleave(times, 3);

    private static Tensor Unshuffle(Tensor images, int square)
    {
        (long height, long width) = (images.shape[2] / square, images.shape[3] / square);
        return images.view(1, 3, height, square, width, square).permute(0, 1, 3, 5, 2, 4).reshape(1, 3 * square * square, height, width);
    }
}
