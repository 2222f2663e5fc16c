using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>The explicit linear multistep method over even steps, of up to fourth order (Liu et al. 2022, equation 12).</summary>
internal static class AdamsBashforth
{
    /// <summary>The weighted sum of the remembered outputs. Of one it is that output itself.</summary>
    public static Tensor Combine(TensorHistory outputs) => outputs.Count switch
    {
        1 => outputs[0],
        2 => LinearCombination.Compute((1.5, outputs[0]), (-0.5, outputs[1])),
        3 => LinearCombination.Compute((23 / 12.0, outputs[0]), (-16 / 12.0, outputs[1]), (5 / 12.0, outputs[2])),
        _ => LinearCombination.Compute(
            (55 / 24.0, outputs[0]), (-59 / 24.0, outputs[1]), (37 / 24.0, outputs[2]), (-9 / 24.0, outputs[3])),
    };
}
