using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Inputs of a transformer's blocks in addition to the tokens.</summary>
/// <param name="Image">
/// The condition of the image's layers: the embedding of time and text, [batch, width], for blocks that project it themselves, otherwise
/// shifts, scales and gates, [batch, 3·layers, width].
/// </param>
/// <param name="Text">The same for the text's layers.</param>
/// <param name="Rotations">Rotations of the joint tokens (<see cref="RotaryEmbedding"/>); null for none.</param>
/// <param name="Bias">Added to the logits of attention, broadcast over [batch, heads, tokens, tokens]; null for none.</param>
internal sealed record JointConditions(Tensor Image, Tensor Text, Tensor? Rotations = null, Tensor? Bias = null)
{
    /// <summary>The tensors as a list, which <see cref="With"/> reads.</summary>
    public Tensor[] Tensors => [Image, Text, .. new[] { Rotations, Bias }.OfType<Tensor>()];

    /// <summary>The same conditions with other tensors, in the order of <see cref="Tensors"/>.</summary>
    public JointConditions With(IReadOnlyList<Tensor> tensors) => new(
        tensors[0], tensors[1], Rotations is null ? null : tensors[2], Bias is null ? null : tensors[^1]);
}
