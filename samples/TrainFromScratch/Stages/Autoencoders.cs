using LatentDiffusion.Checkpoints;
using LatentDiffusion.Networks;
using static TorchSharp.torch;

namespace TrainFromScratch;

/// <summary>Handles the kinds of autoencoders that a run can use.</summary>
internal static class Autoencoders
{
    /// <summary>Opens a folder in the layout of diffusers, or one with the two files of a tiny autoencoder as first published.</summary>
    public static nn.Module<Tensor, Tensor> Read(string folder)
    {
        var options = new CheckpointOptions { Type = ScalarType.Float32 };
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"The autoencoder folder '{folder}' does not exist.");
        string? encoder = Half(folder, "encoder"), decoder = Half(folder, "decoder");
        nn.Module<Tensor, Tensor> network = encoder is not null && decoder is not null && !File.Exists(Path.Combine(folder, "config.json"))
            ? TinyCheckpoint.Open(encoder, decoder, options: options)
            : DiffusersFolder.ReadAutoencoder(folder, options);
        if (network is not (AutoencoderKL or AutoencoderTiny)) throw Unknown(network);
        network.eval();
        return network;
    }

    /// <summary>The same network with another scaling; disposes the argument.</summary>
    public static nn.Module<Tensor, Tensor> Scaled(nn.Module<Tensor, Tensor> network, double shift, double scale)
    {
        nn.Module<Tensor, Tensor> scaled = network switch
        {
            AutoencoderKL kl => (kl.Config with { ShiftFactor = shift, ScalingFactor = scale }).Build(),
            AutoencoderTiny tiny => (tiny.Config with { ShiftFactor = shift, ScalingFactor = scale }).Build(),
            _ => throw Unknown(network),
        };
        scaled.load_state_dict(network.state_dict());
        scaled.eval();
        network.Dispose();
        return scaled;
    }

    public static NotSupportedException Unknown(nn.Module network) =>
        new($"A {network.GetType().Name} cannot be the autoencoder of a run; {nameof(AutoencoderKL)} and {nameof(AutoencoderTiny)} can.");

    private static string? Half(string folder, string half) =>
        Directory.GetFiles(folder, $"*{half}.safetensors").Concat(Directory.GetFiles(folder, $"*{half}.pth")).FirstOrDefault();
}
