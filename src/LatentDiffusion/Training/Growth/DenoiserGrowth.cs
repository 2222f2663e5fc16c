using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>Starts the training of a U-Net for latents with more channels from a trained one.</summary>
/// <example>
/// <code><![CDATA[
/// using LatentDiffusion.Checkpoints;
/// using LatentDiffusion.Models;
/// using LatentDiffusion.Networks;
/// using LatentDiffusion.Training;
///
/// using ModelComponents model = DiffusersFolder.Read("models/drawings");
/// using UNet2DConditionModel wider = DenoiserGrowth.AddLatentChannels(model.Get<UNet2DConditionModel>("unet"), latentChannels: 8);
/// ]]></code>
/// </example>
public static class DenoiserGrowth
{
    private const string In = "conv_in.weight", Out = "conv_out.weight", OutBias = "conv_out.bias";

    /// <summary>
    /// Returns a U-Net for more latent channels, which has the same output for the first ones, whatever the others contain. For the others
    /// it begins with the output 0.
    /// </summary>
    /// <param name="network">The trained U-Net; stays the caller's.</param>
    /// <param name="latentChannels">Latent channels of the result, at least as many as the network has.</param>
    /// <returns>The U-Net, in float32 on the CPU. Train it before use.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer latent channels than in the network.</exception>
    /// <exception cref="ArgumentException">
    /// The network reads more than latents, as one for inpainting, so its output does not have as many channels as its input, or twice as
    /// many with a learned variance.
    /// </exception>
    public static UNet2DConditionModel AddLatentChannels(UNet2DConditionModel network, int latentChannels)
    {
        ArgumentNullException.ThrowIfNull(network);
        UNet2DConditionConfig config = network.Config;
        int channels = config.InChannels, outputs = config.OutChannels / channels;
        ArgumentOutOfRangeException.ThrowIfLessThan(latentChannels, channels);
        if (outputs is not (1 or 2) || config.OutChannels != outputs * channels)
            throw new ArgumentException(
                $"The U-Net has {channels} in_channels and {config.OutChannels} out_channels; expected as many, or twice as many with a "
                + "learned variance.",
                nameof(network));
        UNet2DConditionModel grown =
            (config with { InChannels = latentChannels, OutChannels = outputs * latentChannels }).Build();
        using DisposeScope scope = NewDisposeScope();
        using (no_grad())
        using (NetworkUse.ToRead(network))
        {
            Dictionary<string, Tensor> to = grown.state_dict();
            foreach ((string name, Tensor value) in network.state_dict())
            {
                Tensor target = to[name], before = value.to(ScalarType.Float32, CPU);
                if (name is In or Out or OutBias) target.zero_();
                if (name == In) target.narrow(1, 0, channels).copy_(before);
                else if (name is not (Out or OutBias)) target.copy_(before);
                else
                    foreach (int output in Enumerable.Range(0, outputs))
                        target.narrow(0, output * latentChannels, channels).copy_(before.narrow(0, output * channels, channels));
            }
        }

        return grown;
    }
}
