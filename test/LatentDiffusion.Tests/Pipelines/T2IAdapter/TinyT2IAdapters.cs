using LatentDiffusion.Tests.Reference;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>T2I-Adapters for the tiny families, no two alike.</summary>
internal static class TinyT2IAdapters
{
    /// <summary>An adapter for a family's U-Net; each second one reads greyscale.</summary>
    public static T2IAdapterModel Make(string family, int number)
    {
        bool xl = family == "xl";
        T2IAdapterModel network = new T2IAdapterConfig
        {
            // The autoencoder shrinks images by 2, and the U-Net of XL has its first resolution without attention.
            InChannels = number % 2 == 0 ? 3 : 1, Channels = [32, 64], DownscaleFactor = xl ? 4 : 2,
            AdapterType = xl ? "full_adapter_xl" : "full_adapter",
        }.Build();
        FormulaWeights.Fill(network);
        using IDisposable noGrad = no_grad();
        using NetworkUse weights = NetworkUse.ToChange(network);
        foreach (Tensor weight in network.parameters()) weight.mul_(Math.Pow(0.9, number));
        network.eval();
        return network;
    }

    /// <summary>A folder of one, as they are published.</summary>
    public static void Write(string folder, string family, int number)
    {
        using T2IAdapterModel network = Make(family, number);
        DiffusersFolder.WriteNetwork(network, folder, ScalarType.Float32);
    }

    /// <summary>A model folder that contains T2I-Adapters.</summary>
    public static void WriteModel(string folder, string family, int count)
    {
        ModelComponents made = FamilyFolders.Make(family);
        using var whole = new ModelComponents(ModelFamilies.StableDiffusion, "StableDiffusionAdapterPipeline", made.Scheduler)
        {
            ["unet"] = made.UNet, ["vae"] = made.Autoencoder, ["text_encoder"] = made.TextEncoder, ["tokenizer"] = made.Tokenizer,
            ["text_encoder_2"] = made.TextEncoder2, ["tokenizer_2"] = made.Tokenizer2,
            ["adapter"] = count > 0 ? Make(family, 0) : null, ["adapter_1"] = count > 1 ? Make(family, 1) : null,
        };
        DiffusersFolder.Write(whole, folder);
    }
}
