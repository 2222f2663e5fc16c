using LatentDiffusion.Tests.Pipelines;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Documentation;

/// <summary>Autoencoders from other files than the model's, for the small models of Stable Diffusion.</summary>
internal static class StandInAutoencoders
{
    /// <summary>Resolutions of the small models' autoencoders, as published.</summary>
    private const int Levels = 4;

    public static Dictionary<string, Action<StandIn>> Table { get; } = new()
    {
        ["sdxl-vae-fp16-fix"] = WriteModels,
        ["asymmetric-autoencoder-kl-x-1-5"] = folder => WriteNetwork(folder, () => AutoencoderFolders.Asymmetric(Levels)),
        ["consistency-decoder"] = folder => WriteNetwork(folder, () => AutoencoderFolders.Consistency(Levels)),
        ["taesd_decoder.safetensors"] = WriteHalves,
        ["taesdxl_decoder.safetensors"] = WriteHalves,
    };

    /// <summary>The autoencoder of the model that the snippet names, in half precision.</summary>
    private static void WriteModels(StandIn folder)
    {
        using nn.Module<Tensor, Tensor> network =
            DiffusersFolder.ReadAutoencoder(Path.Combine(StandInModels.FolderOf(folder), ComponentNames.Autoencoder));
        DiffusersFolder.WriteNetwork(network, folder.Path, ScalarType.Float16);
    }

    private static void WriteNetwork(StandIn folder, Func<nn.Module> make) => folder.Copy(folder.Name, path =>
    {
        using nn.Module network = make();
        DiffusersFolder.WriteNetwork(network, path);
    });

    private static void WriteHalves(StandIn file)
    {
        using AutoencoderTiny network = AutoencoderFolders.Tiny(stages: Levels);
        AutoencoderFolders.WriteHalves(network, file.Path.Replace("_decoder", "_encoder", StringComparison.Ordinal), file.Path);
    }
}
