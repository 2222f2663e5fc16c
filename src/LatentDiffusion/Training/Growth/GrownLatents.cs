using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>The parameters of an autoencoder at its latents, where these get more channels.</summary>
/// <param name="channels">Number of channels before.</param>
internal sealed class GrownLatents(int channels)
{
    // Small, as in trained channels: noise would hide the new ones.
    private const double LogVariance = -4;

    /// <summary>Copies the values of old channels. New ones have no effect on the decoder, which learns to use them.</summary>
    /// <param name="name">Name of the parameter.</param>
    /// <param name="before">Its values with fewer channels.</param>
    /// <param name="target">Receives them.</param>
    public void Copy(string name, Tensor before, Tensor target)
    {
        long total = target.shape[0] / 2;
        switch (name)
        {
            case var _ when before.shape.SequenceEqual(target.shape):
                target.copy_(before);
                break;
            case "encoder.conv_out.weight" or "encoder.conv_out.bias":
                // New means stay as they were initialised.
                target.narrow(0, total, total).FillInPlace(name.EndsWith("bias", StringComparison.Ordinal) ? LogVariance : 0);
                target.index_copy_(0, Moments(total), before);
                break;
            case "quant_conv.weight" or "quant_conv.bias":
                Extend(before, target, Moments(total));
                break;
            case "post_quant_conv.weight" or "post_quant_conv.bias":
                Extend(before, target, Places(0));
                break;
            default:
                // The decoder's first convolution.
                target.zero_();
                target.narrow(1, 0, channels).copy_(before);
                break;
        }
    }

    /// <summary>A convolution of 1 x 1, which is the identity for new channels.</summary>
    private static void Extend(Tensor before, Tensor target, Tensor places)
    {
        target.zero_();
        if (target.shape is [var size, _, ..])
        {
            target.squeeze(-1).squeeze(-1).copy_(eye(size));
            before = target.index_select(0, places).index_copy_(1, places, before);
        }

        target.index_copy_(0, places, before);
    }

    /// <summary>Places of the old means and log-variances among all.</summary>
    private Tensor Moments(long total) => cat([Places(0), Places(total)]);

    private Tensor Places(long first) => tensor([.. Enumerable.Range(0, channels).Select(channel => first + channel)], ScalarType.Int64);
}
