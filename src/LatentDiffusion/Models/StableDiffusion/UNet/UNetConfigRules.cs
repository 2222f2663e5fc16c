using static LatentDiffusion.Networks.ConfigRules;

namespace LatentDiffusion.Models;

/// <summary>Which U-Net configurations can be built.</summary>
internal static class UNetConfigRules
{
    public const string CrossAttentionMiddle = "UNetMidBlock2DCrossAttn", PlainMiddle = "UNetMidBlock2D";

    /// <summary>The most residual and transformer blocks that all resolutions have together; SDXL's U-Net has about a hundred.</summary>
    private const int MostBlocks = 2000;

    /// <exception cref="NotSupportedException">It has a block or option that is not known; the message names it.</exception>
    /// <exception cref="ArgumentException">It contradicts itself.</exception>
    public static void Check(UNet2DConditionConfig config)
    {
        config.Check();
        foreach (string type in config.DownBlockTypes)
            Known("down_block_types", type, "CrossAttnDownBlock2D", "DownBlock2D", "AttnDownBlock2D", "ResnetDownsampleBlock2D");
        foreach (string type in config.UpBlockTypes)
            Known("up_block_types", type, "CrossAttnUpBlock2D", "UpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D");
        Known("mid_block_type", config.MidBlockType, CrossAttentionMiddle, PlainMiddle, null);
        CheckEmbeddings(config);

        Activations.ByName(config.ActFn);
        Known("resnet_time_scale_shift", config.ResnetTimeScaleShift, "default", "scale_shift");
        Known("attention_type", config.AttentionType, "default");
        Unset("dual_cross_attention", !config.DualCrossAttention, config.DualCrossAttention);
        Unset("cross_attention_norm", config.CrossAttentionNorm is null, config.CrossAttentionNorm);
    }

    /// <summary>Checks lists and numbers.</summary>
    /// <exception cref="ArgumentException">They contradict each other, or one is out of its range.</exception>
    public static void CheckValues(UNet2DConditionConfig config)
    {
        int blocks = config.BlockOutChannels.Length;
        if (blocks == 0 || config.DownBlockTypes.Length != blocks || config.UpBlockTypes.Length != blocks)
        {
            throw new ArgumentException(
                $"block_out_channels lists {blocks} resolutions, down_block_types {config.DownBlockTypes.Length} and up_block_types "
                + $"{config.UpBlockTypes.Length}; they must agree.");
        }

        CheckLists(config, blocks);
        CheckNumbers(config);
        CheckBlocks(config);
    }

    private static void CheckLists(UNet2DConditionConfig config, int blocks)
    {
        Length("only_cross_attention", config.OnlyCrossAttention, blocks);
        Length("layers_per_block", config.LayersPerBlock, blocks);
        Length("cross_attention_dim", config.CrossAttentionDim, blocks);
        Length("attention_head_dim", config.AttentionHeadDim, blocks);
        Length("num_attention_heads", config.NumAttentionHeads, blocks);
        Length("transformer_layers_per_block", config.TransformerLayersPerBlock.Values, blocks);
        Length("reverse_transformer_layers_per_block", config.ReverseTransformerLayersPerBlock?.Values, blocks);
        if (config.ReverseTransformerLayersPerBlock is null && config.TransformerLayersPerBlock.Values.Values.Any(layers => layers.IsList))
        {
            throw new ArgumentException(
                "transformer_layers_per_block lists numbers within a resolution, "
                    + "which needs reverse_transformer_layers_per_block for the way up.");
        }

    }

    private static void CheckNumbers(UNet2DConditionConfig config)
    {
        Positive("in_channels", config.InChannels);
        Positive("out_channels", config.OutChannels);
        Positive("block_out_channels", config.BlockOutChannels);
        Positive("norm_num_groups", config.NormNumGroups);
        Positive("encoder_hid_dim", config.EncoderHidDim);
        Positive("addition_time_embed_dim", config.AdditionTimeEmbedDim);
        Positive("num_class_embeds", config.NumClassEmbeds);
        Positive("time_embedding_dim", config.TimeEmbeddingDim);
        Positive("time_cond_proj_dim", config.TimeCondProjDim);
        Positive("projection_class_embeddings_input_dim", config.ProjectionClassEmbeddingsInputDim);
        Positive("addition_embed_type_num_heads", config.AdditionEmbedTypeNumHeads);
        Range("downsample_padding", 0, 1, config.DownsamplePadding);
        Kernel("conv_in_kernel", config.ConvInKernel);
        Kernel("conv_out_kernel", config.ConvOutKernel);
        Factor("mid_block_scale_factor", config.MidBlockScaleFactor);
        Factor("resnet_out_scale_factor", config.ResnetOutScaleFactor);
        NotNegative("norm_eps", config.NormEps);
        if (!double.IsFinite(config.FreqShift)) throw new ArgumentException($"freq_shift is {config.FreqShift}; expected a finite number.");
        if (!(config.Dropout is >= 0 and < 1))
            throw new ArgumentException($"dropout is {config.Dropout}; it must be at least 0 and less than 1.");
    }

    /// <summary>An even kernel would shrink the sample.</summary>
    private static void Kernel(string option, int size)
    {
        Positive(option, size);
        if (size % 2 == 0) throw new ArgumentException($"{option} is {size}; expected an odd number.");
    }

    private static void CheckBlocks(UNet2DConditionConfig config)
    {
        long total = 0;
        int resolutions = config.BlockOutChannels.Length;
        for (int i = 0; i < resolutions; i++)
        {
            int channels = config.BlockOutChannels[i], up = resolutions - 1 - i;
            Divides("norm_num_groups", config.NormNumGroups, "each of block_out_channels", channels);
            Positive("layers_per_block", config.LayersPerBlock[i]);
            Positive("cross_attention_dim", config.CrossAttentionDim[i]);
            Positive(config.NumAttentionHeads is null ? "attention_head_dim" : "num_attention_heads", config.Heads(i));
            if (HasText(config.DownBlockTypes[i]) || HasText(config.UpBlockTypes[up]) || (up == 0 && HasText(config.MidBlockType)))
            {
                string option = config.NumAttentionHeads is null ? "attention_head_dim" : "num_attention_heads";
                Divides(option, config.Heads(i), "the channels of its resolution", channels);
            }

            int[] depths =
            [
                .. Depths(config.TransformerLayersPerBlock[i]),
                .. config.ReverseTransformerLayersPerBlock is { } reverse ? Depths(reverse[i]) : [],
            ];
            // Resolutions without attention may say 0.
            Range("transformer_layers_per_block", 0, Largest, depths);
            total += config.LayersPerBlock[i] * (1L + depths.Max());
        }

        if (total > MostBlocks)
        {
            throw new ArgumentException(
                $"layers_per_block and transformer_layers_per_block make more than {MostBlocks} blocks on the way down; "
                    + "no network has so many.");
        }
    }

    /// <summary>
    /// Whether a block has spatial transformers, whose heads share the channels. A <c>SimpleCrossAttn</c> block has other attention.
    /// </summary>
    private static bool HasText(string? type) =>
        type == CrossAttentionMiddle || type?.StartsWith("CrossAttn", StringComparison.Ordinal) == true;

    private static IEnumerable<int> Depths(PerBlock<int> depths) => depths.IsList ? depths.Values : [depths[0]];

    private static void CheckEmbeddings(UNet2DConditionConfig config)
    {
        Known("time_embedding_type", config.TimeEmbeddingType, "positional", "fourier");
        Known("class_embed_type", config.ClassEmbedType, null, "timestep", "identity", "projection", "simple_projection");
        Known("addition_embed_type", config.AdditionEmbedType, null, "text", "text_time");
        Known("encoder_hid_dim_type", config.EncoderHidDimType, null, "text_proj");
        foreach (string? activation in new[] { config.TimeEmbeddingActFn, config.TimestepPostAct })
            if (activation is not null) Activations.ByName(activation);
        if (config.EncoderHidDimType is { } type) Needed("encoder_hid_dim", config.EncoderHidDim, $"encoder_hid_dim_type {type}");
        if (config.ClassEmbedType is "projection" or "simple_projection")
            Needed(
                "projection_class_embeddings_input_dim", config.ProjectionClassEmbeddingsInputDim,
                $"class_embed_type {config.ClassEmbedType}");
        if (config.AdditionEmbedType is not "text_time") return;
        Needed("addition_time_embed_dim", config.AdditionTimeEmbedDim, "addition_embed_type text_time");
        Needed("projection_class_embeddings_input_dim", config.ProjectionClassEmbeddingsInputDim, "addition_embed_type text_time");
    }
}
