using LatentDiffusion.Tests.Reference;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>ControlNets for the tiny families, no two alike.</summary>
internal static class TinyControlNets
{
    /// <summary>A copy of a family's encoder.</summary>
    public static ControlNetModel Make(string family, int number)
    {
        bool xl = family == "xl";
        var config = new ControlNetConfig
        {
            BlockOutChannels = [32, 64], LayersPerBlock = 1, CrossAttentionDim = xl ? 128 : 64, ConditioningEmbeddingOutChannels = [8, 16],
            DownBlockTypes = xl ? ["DownBlock2D", "CrossAttnDownBlock2D"] : ["CrossAttnDownBlock2D", "DownBlock2D"],
        };
        if (xl)
            config = config with
            {
                AdditionEmbedType = "text_time",
                AdditionTimeEmbedDim = 256,
                ProjectionClassEmbeddingsInputDim = 32 + 6 * 256,
            };
        ControlNetModel network = config.Build();
        FormulaWeights.Fill(network);
        using IDisposable noGrad = no_grad();
        foreach (Tensor weight in network.parameters()) weight.mul_(Math.Pow(0.9, number));
        return network;
    }

    /// <summary>A folder of one, as they are published.</summary>
    public static void Write(string folder, string family, int number)
    {
        using ControlNetModel network = Make(family, number);
        DiffusersFolder.WriteNetwork(network, folder, ScalarType.Float32);
    }

    /// <summary>A model folder that contains ControlNets.</summary>
    public static void WriteModel(string folder, string family, int count)
    {
        ModelComponents made = FamilyFolders.Make(family);
        using var whole = new ModelComponents(ModelFamilies.StableDiffusion, "StableDiffusionControlNetPipeline", made.Scheduler)
        {
            ["unet"] = made.UNet,
            ["vae"] = made.Autoencoder,
            ["text_encoder"] = made.TextEncoder,
            ["tokenizer"] = made.Tokenizer,
            ["text_encoder_2"] = made.TextEncoder2,
            ["tokenizer_2"] = made.Tokenizer2,
            ["controlnet"] = count > 0 ? Make(family, 0) : null,
            ["controlnet_1"] = count > 1 ? Make(family, 1) : null,
            ["controlnet_2"] = count > 2 ? Make(family, 2) : null,
        };
        DiffusersFolder.Write(whole, folder);
    }
}
