using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A ControlNet of a pipeline, with how strongly and when it controls. Owns the network.</summary>
/// <param name="Network">The network.</param>
/// <param name="Scale">What its residuals are multiplied by.</param>
/// <param name="Start">Share of the steps before it.</param>
/// <param name="End">Share of the steps after which it does nothing more.</param>
internal sealed record LoadedControlNet(ControlNetModel Network, double Scale, double Start, double End) : IOffloadable, IDisposable
{
    /// <summary>Reads one for a model's U-Net.</summary>
    /// <exception cref="InvalidOperationException">It is for another kind of U-Net.</exception>
    public static LoadedControlNet Open(ControlNetChoice choice, UNetDenoiser denoiser, IAutoencoder autoencoder)
    {
        ControlNetModel network = DiffusersFolder.ReadControlNet(choice.Folder, new CheckpointOptions { Device = denoiser.Device, Type = denoiser.Type });
        try
        {
            ControlNetConfig own = network.Config;
            UNet2DConditionConfig unet = denoiser.Config;
            Refuse(own.InChannels != autoencoder.LatentChannels, $"takes {own.InChannels} channels, and the latents have {autoencoder.LatentChannels}");
            Refuse(!own.BlockOutChannels.SequenceEqual(unet.BlockOutChannels), $"has blocks of {string.Join(", ", own.BlockOutChannels)} channels, and the U-Net of {string.Join(", ", unet.BlockOutChannels)}");
            Refuse(own.CrossAttentionDim[0] != unet.CrossAttentionDim[0], $"takes hidden states of width {own.CrossAttentionDim[0]}, and the U-Net of {unet.CrossAttentionDim[0]}");
            int shrinks = 1 << (own.ConditioningEmbeddingOutChannels.Length - 1);
            Refuse(shrinks != autoencoder.DownsamplingFactor, $"shrinks pictures by {shrinks}, and the autoencoder by {autoencoder.DownsamplingFactor}");
            return new LoadedControlNet(network, choice.Scale, choice.Start, choice.End);
        }
        catch
        {
            network.Dispose();
            throw;
        }

        void Refuse(bool condition, string why)
        {
            if (condition) throw new InvalidOperationException($"The ControlNet in '{choice.Folder}' {why}.");
        }
    }

    /// <summary>Whether it controls an evaluation.</summary>
    /// <param name="evaluation">From 0.</param>
    /// <param name="evaluations">How many there are.</param>
    public bool Acts(int evaluation, int evaluations) =>
        (double)evaluation / evaluations >= Start && (double)(evaluation + 1) / evaluations <= End;

    public void MoveTo(Device device) => NetworkMoves.Move(Network, device);

    public void Dispose() => Network.Dispose();
}
