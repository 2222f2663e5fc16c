namespace LatentDiffusion.Models;

/// <summary>The names of the original code of Chroma, which are those of FLUX.1 with the network that computes modulations.</summary>
internal static class ChromaNames
{
    /// <summary>A module that only Chroma has.</summary>
    public const string Marker = "distilled_guidance_layer.";

    private const string Approximator = "distilled_guidance_layer";

    /// <summary>The names.</summary>
    public static readonly OriginalNames All = new(
        [new("img_in", "x_embedder"), new("txt_in", "context_embedder"), new("final_layer.linear", "proj_out")],
        (FluxNames.Blocks, FluxNames.OurBlocks, FluxNames.Joint),
        (FluxNames.SingleBlocks, FluxNames.OurSingleBlocks, FluxNames.Single),
        ($"{Approximator}.layers", $"{Approximator}.layers", [new("in_layer", "linear_1"), new("out_layer", "linear_2")]));
}
