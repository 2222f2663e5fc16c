using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>Parameters of an autoencoder with one level more than another, and their first values.</summary>
/// <param name="from">Parameters of the smaller autoencoder.</param>
/// <param name="to">Those of the larger one, which change.</param>
/// <param name="config">Configuration of the smaller one.</param>
internal sealed class GrownLevel(Dictionary<string, Tensor> from, Dictionary<string, Tensor> to, AutoencoderKLConfig config)
{
    /// <summary>
    /// For each colour: the mean of 2 x 2 pixels, of the two above, of the two on the left, and the pixel above on the left.
    /// </summary>
    public const int FeaturesPerColor = 4;

    private const string Convolution = "encoder.conv_in", Down = "encoder.down_blocks.", Downsampler = Down + "0.downsamplers.0.conv";

    private readonly string _lastUp = $"decoder.up_blocks.{config.BlockOutChannels.Length}.",
        _upsampler = $"decoder.up_blocks.{config.BlockOutChannels.Length - 1}.upsamplers.0.conv";

    public void Copy()
    {
        var latents = new GrownLatents(config.LatentChannels);
        foreach ((string name, Tensor target) in to)
        {
            if (Before(name) is { } before) latents.Copy(name, from[before], target);
            // A residual block whose second convolution is zero is the identity, and still learns.
            else if (name.Contains(".conv2.", StringComparison.Ordinal)) target.zero_();
        }

        ReadPixels(to[Convolution + ".weight"], to[Convolution + ".bias"]);
        Shrink(to[Downsampler + ".weight"]);
        to[Downsampler + ".bias"].copy_(from[Convolution + ".bias"]);
        Repeat(to[_upsampler + ".weight"]);
        to[_upsampler + ".bias"].zero_();
    }

    /// <summary>The name in the smaller autoencoder; null for a parameter of the new level.</summary>
    private string? Before(string name)
    {
        string[] added = [Convolution, Down + "0.", _lastUp, _upsampler];
        if (added.Any(start => name.StartsWith(start, StringComparison.Ordinal))) return null;
        if (!name.StartsWith(Down, StringComparison.Ordinal)) return name;
        int end = name.IndexOf('.', Down.Length);
        return $"{Down}{int.Parse(name[Down.Length..end], null) - 1}{name[end..]}";
    }

    /// <summary>The first convolution makes the means, for each colour.</summary>
    private static void ReadPixels(Tensor weight, Tensor bias)
    {
        int features = (int)weight.shape[1] * FeaturesPerColor;
        weight.narrow(0, 0, features).zero_();
        bias.narrow(0, 0, features).zero_();
        for (int feature = 0; feature < features; feature++)
        {
            // Two pixels from here on, or the one before.
            (int rows, int columns) = (feature / 2 % 2 == 0 ? 2 : 1, feature % 2 == 0 ? 2 : 1);
            weight[feature, feature / FeaturesPerColor].narrow(0, rows - 1, rows).narrow(1, columns - 1, columns)
                .FillInPlace(1.0 / (rows * columns));
        }
    }

    /// <summary>The first downsampling is the first convolution of the smaller autoencoder, of these means.</summary>
    private void Shrink(Tensor weight)
    {
        Tensor kernel = from[Convolution + ".weight"];
        weight.zero_();
        for (int row = 0; row < 3; row++)
        {
            for (int column = 0; column < 3; column++)
            {
                // Pixels above and on the left are features of the same position. Those after the centre are two pixels further.
                int first = (row == 0 ? 2 : 0) + (column == 0 ? 1 : 0);
                for (int color = 0; color < kernel.shape[1]; color++)
                {
                    weight[.., FeaturesPerColor * color + first, row == 2 ? 2 : 0, column == 2 ? 2 : 0]
                        .copy_(kernel[.., color, row, column]);
                }
            }
        }
    }

    /// <summary>The new upsampling only repeats pixels.</summary>
    private static void Repeat(Tensor weight)
    {
        weight.zero_();
        weight[.., .., 1, 1].copy_(eye(weight.shape[0]));
    }
}
