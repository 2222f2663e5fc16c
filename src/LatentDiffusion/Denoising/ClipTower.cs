using static TorchSharp.torch;

namespace LatentDiffusion.Denoising;

/// <summary>A CLIP text tower with its tokenizer.</summary>
/// <param name="Network">The network.</param>
/// <param name="Tokenizer">Its tokenizer, which knows the added tokens.</param>
/// <param name="Added">Embeddings of added tokens; null for none.</param>
internal sealed record ClipTower(ClipTextModel Network, ClipTokenizer Tokenizer, AddedEmbeddings? Added = null)
{
    /// <summary>Where it computes.</summary>
    public Device Device => NetworkUse.DeviceOf(Network);

    /// <summary>Identifies weights, configuration and vocabulary.</summary>
    public string ContentKey =>
        $"{ContentKeys.ForNetwork(Network, Network.Config)} {Tokenizer.ContentKey}{(Added is null ? "" : $" {Added.ContentKey}")}";
}
