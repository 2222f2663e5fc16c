using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>A block of FLUX.2 over one stream; all such blocks share the projection of the condition.</summary>
internal sealed class Flux2SingleBlock : LayerGroup
{
    [ComponentName(Name = "attn")] private readonly Flux2ParallelAttention _attention;
    private readonly double _eps;

    public Flux2SingleBlock(LayerFactory layers, Flux2TransformerConfig config) : base(nameof(Flux2SingleBlock))
    {
        _eps = config.Eps;
        _attention = new Flux2ParallelAttention(layers, config);
        RegisterComponents();
    }

    /// <inheritdoc cref="JointTransformerBlock.Recomputes"/>
    public bool Recomputes { get; set; }

    /// <summary>Evaluates the block.</summary>
    /// <param name="tokens">[batch, tokens, width].</param>
    /// <param name="modulation">Shift, scale and gate, [batch, 3, width].</param>
    /// <param name="rotations">Rotations of the tokens.</param>
    public Tensor Run(Tensor tokens, Tensor modulation, Tensor rotations) => Recomputes
        ? GradientCheckpoint.Run(inputs => Compute(inputs[0], inputs[1], inputs[2]), drops: false, tokens, modulation, rotations)
        : Compute(tokens, modulation, rotations);

    private Tensor Compute(Tensor tokens, Tensor parts, Tensor rotations)
    {
        using DisposeScope scope = NewDisposeScope();
        Modulation modulation = Modulation.Split(parts)[0];
        return modulation.AddTo(tokens, _attention.Run(modulation.Normalize(tokens, _eps), rotations)).MoveToOuterDisposeScope();
    }
}
