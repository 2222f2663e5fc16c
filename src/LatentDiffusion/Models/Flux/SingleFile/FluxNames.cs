namespace LatentDiffusion.Models;

/// <summary>The names of the original code of FLUX.1, and those of the published folders for the same modules.</summary>
internal static class FluxNames
{
    /// <summary>Where the network begins in files of whole models; nothing in files of only the network.</summary>
    public const string Prefix = "model.diffusion_model.";

    /// <summary>A module that only FLUX.1 has.</summary>
    public const string Marker = "double_blocks.0.img_mod.";

    /// <summary>The same by the names of folders.</summary>
    public const string FolderMarker = "single_transformer_blocks.0.norm.linear.";

    /// <summary>Lists of blocks over two streams and over one.</summary>
    public const string Blocks = "double_blocks", SingleBlocks = "single_blocks",
        OurBlocks = "transformer_blocks", OurSingleBlocks = "single_transformer_blocks";

    /// <summary>Modules of a block over two streams that Chroma has too.</summary>
    public static readonly IReadOnlyList<OriginalModule> Joint =
    [
        new("img_attn.qkv", "attn.to_q", "attn.to_k", "attn.to_v"),
        new("txt_attn.qkv", "attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"),
        new("img_attn.norm.query_norm", "attn.norm_q"),
        new("img_attn.norm.key_norm", "attn.norm_k"),
        new("txt_attn.norm.query_norm", "attn.norm_added_q"),
        new("txt_attn.norm.key_norm", "attn.norm_added_k"),
        new("img_attn.proj", "attn.to_out.0"),
        new("txt_attn.proj", "attn.to_add_out"),
        new("img_mlp.0", "ff.net.0.proj"),
        new("img_mlp.2", "ff.net.2"),
        new("txt_mlp.0", "ff_context.net.0.proj"),
        new("txt_mlp.2", "ff_context.net.2"),
    ];

    /// <summary>Modules of a block over one stream that Chroma has too.</summary>
    public static readonly IReadOnlyList<OriginalModule> Single =
    [
        // The feed-forward is four times as wide as queries, keys or values.
        new("linear1", "attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp") { Shares = [1, 1, 1, 4] },
        new("linear2", "proj_out"),
        new("norm.query_norm", "attn.norm_q"),
        new("norm.key_norm", "attn.norm_k"),
    ];

    /// <summary>The names.</summary>
    public static readonly OriginalNames All = new(
        [
            new("time_in.in_layer", "time_text_embed.timestep_embedder.linear_1"),
            new("time_in.out_layer", "time_text_embed.timestep_embedder.linear_2"),
            new("guidance_in.in_layer", "time_text_embed.guidance_embedder.linear_1"),
            new("guidance_in.out_layer", "time_text_embed.guidance_embedder.linear_2"),
            new("vector_in.in_layer", "time_text_embed.text_embedder.linear_1"),
            new("vector_in.out_layer", "time_text_embed.text_embedder.linear_2"),
            new("img_in", "x_embedder"),
            new("txt_in", "context_embedder"),
            new("final_layer.linear", "proj_out"),
            new("final_layer.adaLN_modulation.1", "norm_out.linear") { SwapsHalves = true },
        ],
        (Blocks, OurBlocks, [new("img_mod.lin", "norm1.linear"), new("txt_mod.lin", "norm1_context.linear"), .. Joint]),
        (SingleBlocks, OurSingleBlocks, [new("modulation.lin", "norm.linear"), .. Single]));
}
