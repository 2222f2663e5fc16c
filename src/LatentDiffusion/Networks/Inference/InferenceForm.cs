using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The form in which networks generate on a CPU: packed weights, channels-last feature maps, and fused sums and activations.
/// Its values are those of the plain form within rounding. A network takes it when it is evaluated without gradients, in
/// evaluation mode, in float32 on the CPU. The switch <c>LatentDiffusion.InferenceForm</c> turns it off.
/// </summary>
internal static class InferenceForm
{
    private static readonly bool s_isEnabled = !AppContext.TryGetSwitch("LatentDiffusion.InferenceForm", out bool enabled) || enabled;
    private static readonly AsyncLocal<bool?> s_isEnabledHere = new();

    /// <summary>Whether networks may take it. Set, it holds for the current asynchronous flow. Default true.</summary>
    public static bool IsEnabled
    {
        get => s_isEnabledHere.Value ?? s_isEnabled;
        set => s_isEnabledHere.Value = value;
    }

    /// <summary>Whether a network with these layers takes it when it is evaluated now, on this thread, which holds the network.</summary>
    public static bool Applies(nn.Module network, IReadOnlyList<PackedLayer> layers) =>
        IsEnabled && layers.Count > 0 && !is_grad_enabled() && !network.training
        && layers.FirstOrDefault(layer => layer.Stored is null)?.Weight is { device_type: DeviceType.CPU, dtype: ScalarType.Float32 }
        && CpuOperators.IsAvailable;
}
