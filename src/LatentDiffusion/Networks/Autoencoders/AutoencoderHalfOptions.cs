namespace LatentDiffusion.Networks;

/// <summary>Names of the options of an encoder or decoder whose numbers are not the other's.</summary>
/// <param name="Types">Names of its blocks.</param>
/// <param name="Channels">Its channels at each resolution.</param>
/// <param name="Layers">Residual blocks a resolution.</param>
/// <param name="Groups">Groups of its normalisations.</param>
internal sealed record AutoencoderHalfOptions(string Types, string Channels, string Layers, string Groups)
{
    public static AutoencoderHalfOptions AsymmetricEncoder { get; } =
        new("down_block_types", "down_block_out_channels", "layers_per_down_block", "norm_num_groups");

    public static AutoencoderHalfOptions AsymmetricDecoder { get; } =
        new("up_block_types", "up_block_out_channels", "layers_per_up_block", "norm_num_groups");

    public static AutoencoderHalfOptions ConsistencyEncoder { get; } =
        new("encoder_down_block_types", "encoder_block_out_channels", "encoder_layers_per_block", "encoder_norm_num_groups");

    public static AutoencoderHalfOptions ConsistencyDecoder { get; } =
        new("decoder_down_block_types", "decoder_block_out_channels", "decoder_layers_per_block", "decoder_norm_num_groups");
}
