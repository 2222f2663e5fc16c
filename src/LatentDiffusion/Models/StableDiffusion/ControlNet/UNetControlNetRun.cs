using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>A run of a ControlNet of a U-Net, which keeps the keys and values of its texts.</summary>
/// <param name="type">The type that the network computes in.</param>
/// <param name="evaluate">Evaluates the network, which stays as it is.</param>
internal sealed class UNetControlNetRun(ScalarType type, Func<UNetInput, IReadOnlyList<ControlCondition>, ControlNetOutput> evaluate)
    : IControlNetRun
{
    private readonly TextCache _texts = new();

    public IReadOnlyList<Tensor> Evaluate(DenoiserInput input, IReadOnlyList<ControlCondition> images)
    {
        // ControlNets read neither the additional channels of inpainting models nor what is added to the U-Net.
        DenoiserInput seen = input with { ConcatenatedLatents = null, AdapterResiduals = null };
        ControlNetOutput output = evaluate(
            UNetInput.FromDenoiserInput(seen, type, guidanceWidth: null) with { Attention = new AttentionState(_texts) }, images);
        return [.. output.DownResiduals, output.MiddleResidual];
    }

    public void Dispose() => _texts.Dispose();
}
