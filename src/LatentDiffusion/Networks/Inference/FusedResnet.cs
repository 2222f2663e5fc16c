using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// A residual block as one call, in the inference form: group norm, SiLU, 3×3 convolution, the time added, the same again, and the
/// input added, through a 1×1 convolution where the numbers of channels differ.
/// </summary>
internal sealed class FusedResnet(
    GroupNormLayer norm1, Conv2dLayer conv1, GroupNormLayer norm2, Conv2dLayer conv2, Conv2dLayer? shortcut)
{
    /// <summary>Whether it computes what the layers would compute: their weights are packed, and none has hooks.</summary>
    public bool AppliesTo(Tensor input) =>
        conv1.FusesWith(input) && conv2.FusesWith(input) && shortcut?.FusesWith(input) != false
        && !norm1.HasHooks && !norm2.HasHooks;

    /// <summary>Computes the block.</summary>
    /// <param name="input">[batch, channels, height, width].</param>
    /// <param name="time">What the time adds to each channel, [batch or 1, channels, 1, 1]; null for nothing.</param>
    /// <returns>[batch, out channels, height, width], channels-last.</returns>
    public Tensor Compute(Tensor input, Tensor? time)
    {
        using SharedTensors.Use first = conv1.Pack(input), second = conv2.Pack(input);
        if (shortcut is null)
        {
            return CpuOperators.Resnet(
                input, norm1, first.Tensors[0], conv1.Bias!, time, norm2, second.Tensors[0], conv2.Bias!, null, null);
        }

        using SharedTensors.Use around = shortcut.Pack(input);
        return CpuOperators.Resnet(
            input, norm1, first.Tensors[0], conv1.Bias!, time, norm2, second.Tensors[0], conv2.Bias!, around.Tensors[0], shortcut.Bias);
    }
}
