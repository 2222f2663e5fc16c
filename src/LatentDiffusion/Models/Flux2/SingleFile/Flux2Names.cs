namespace LatentDiffusion.Models;

/// <summary>The names of the original code of FLUX.2, and those of the published folders for the same modules.</summary>
internal static class Flux2Names
{
    /// <summary>A module that only FLUX.2 has.</summary>
    public const string Marker = "double_stream_modulation_img.";

    /// <summary>The names.</summary>
    public static readonly OriginalNames All = new(
        [
            new("time_in.in_layer", "time_guidance_embed.timestep_embedder.linear_1"),
            new("time_in.out_layer", "time_guidance_embed.timestep_embedder.linear_2"),
            new("guidance_in.in_layer", "time_guidance_embed.guidance_embedder.linear_1"),
            new("guidance_in.out_layer", "time_guidance_embed.guidance_embedder.linear_2"),
            new("double_stream_modulation_img.lin", "double_stream_modulation_img.linear"),
            new("double_stream_modulation_txt.lin", "double_stream_modulation_txt.linear"),
            new("single_stream_modulation.lin", "single_stream_modulation.linear"),
            new("img_in", "x_embedder"),
            new("txt_in", "context_embedder"),
            new("final_layer.linear", "proj_out"),
            new("final_layer.adaLN_modulation.1", "norm_out.linear") { SwapsHalves = true },
        ],
        (FluxNames.Blocks, FluxNames.OurBlocks,
        [
            .. FluxNames.Joint.Where(module => !module.Original.Contains("_mlp", StringComparison.Ordinal)),
            new("img_mlp.0", "ff.linear_in"),
            new("img_mlp.2", "ff.linear_out"),
            new("txt_mlp.0", "ff_context.linear_in"),
            new("txt_mlp.2", "ff_context.linear_out"),
        ]),
        (FluxNames.SingleBlocks, FluxNames.OurSingleBlocks,
        [
            new("linear1", "attn.to_qkv_mlp_proj"),
            new("linear2", "attn.to_out"),
            new("norm.query_norm", "attn.norm_q"),
            new("norm.key_norm", "attn.norm_k"),
        ]));
}
