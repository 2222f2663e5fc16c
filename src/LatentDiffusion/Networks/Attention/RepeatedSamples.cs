using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Batches whose second half has the samples of the first, as guidance evaluates them with two texts each.</summary>
internal static class RepeatedSamples
{
    /// <summary>
    /// Whether the samples repeat. False with gradients, and on GPUs, where the comparison would wait for the device.
    /// </summary>
    /// <param name="samples">[batch, …].</param>
    /// <param name="texts">The texts, [batch, …].</param>
    public static bool Are(Tensor samples, Tensor texts)
    {
        long batch = samples.shape[0];
        if (batch % 2 != 0 || texts.shape[0] != batch || samples.device_type != DeviceType.CPU || is_grad_enabled()) return false;
        using Tensor first = First(samples), second = samples.narrow(0, batch / 2, batch / 2);
        using Tensor same = first.eq(second), all = same.all();
        return all.item<bool>();
    }

    /// <summary>The first half.</summary>
    public static Tensor First(Tensor samples) => samples.narrow(0, 0, samples.shape[0] / 2);
}
