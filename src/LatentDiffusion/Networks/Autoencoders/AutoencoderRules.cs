using System.Collections.Immutable;

namespace LatentDiffusion.Networks;

/// <summary>Which configurations of convolutional autoencoders can be built.</summary>
internal static class AutoencoderRules
{
    /// <exception cref="NotSupportedException">A block or activation is not known.</exception>
    public static void CheckWords(ImmutableArray<string> down, ImmutableArray<string> up, string activation)
    {
        foreach (string type in down)
            ConfigRules.Known("down_block_types", type, AutoencoderBlock.PlainDown, AutoencoderBlock.AttentionDown);
        foreach (string type in up) ConfigRules.Known("up_block_types", type, AutoencoderBlock.PlainUp, AutoencoderBlock.AttentionUp);
        Activations.ByName(activation);
    }

    /// <exception cref="ArgumentException">Numbers contradict each other, or one is out of its range.</exception>
    public static void CheckValues(
        ImmutableArray<string> down, ImmutableArray<string> up, ImmutableArray<int> channels, int layers, int groups)
    {
        if (channels.IsEmpty || down.Length != channels.Length || up.Length != channels.Length)
            throw new ArgumentException(
                $"block_out_channels lists {channels.Length} resolutions, "
                    + $"down_block_types {down.Length} and up_block_types {up.Length}; they must agree.");
        ConfigRules.Positive("block_out_channels", channels);
        ConfigRules.Range("layers_per_block", 1, 100, layers);
        foreach (int width in channels) ConfigRules.Divides("norm_num_groups", groups, "each of block_out_channels", width);
    }

    /// <summary>The numbers of an encoder or decoder that has options of its own.</summary>
    /// <param name="half">Names of these options.</param>
    /// <param name="types">Names of its blocks.</param>
    /// <param name="channels">Its channels.</param>
    /// <param name="layers">Residual blocks a resolution.</param>
    /// <param name="groups">Groups of its normalisations.</param>
    /// <exception cref="ArgumentException">Numbers contradict each other, or one is out of its range.</exception>
    public static void CheckHalf(
        AutoencoderHalfOptions half, ImmutableArray<string> types, ImmutableArray<int> channels, int layers, int groups)
    {
        if (channels.IsEmpty || types.Length != channels.Length)
        {
            throw new ArgumentException(
                $"{half.Channels} lists {channels.Length} resolutions and {half.Types} {types.Length}; they must agree.");
        }

        ConfigRules.Positive(half.Channels, channels);
        ConfigRules.Range(half.Layers, 1, 100, layers);
        foreach (int width in channels) ConfigRules.Divides(half.Groups, groups, $"each of {half.Channels}", width);
    }

    /// <exception cref="ArgumentException">A list does not have a value for each latent channel.</exception>
    public static void CheckByChannel(string option, ImmutableArray<double>? values, int channels)
    {
        if (values is { IsDefault: false } given && given.Length != channels)
            throw new ArgumentException($"{option} lists {given.Length} values, and latent_channels is {channels}; they must agree.");
    }
}
