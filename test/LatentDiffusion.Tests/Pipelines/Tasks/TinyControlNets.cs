using LatentDiffusion.Tests.Reference;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines.Tasks;

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
        if (xl) config = config with { AdditionEmbedType = "text_time", AdditionTimeEmbedDim = 256, ProjectionClassEmbeddingsInputDim = 32 + 6 * 256 };
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
        DiffusersComponent.Write(network, folder, layout: null, ScalarType.Float32);
    }

    /// <summary>A folder of a family that has some of its own.</summary>
    public static void WriteModel(string folder, string family, int count)
    {
        StableDiffusionComponents made = FamilyFolders.Make(family);
        using var whole = new StableDiffusionComponents
        {
            PipelineClass = "StableDiffusionControlNetPipeline", UNet = made.UNet, Autoencoder = made.Autoencoder, Scheduler = made.Scheduler,
            TextEncoder = made.TextEncoder, Tokenizer = made.Tokenizer, TextEncoder2 = made.TextEncoder2, Tokenizer2 = made.Tokenizer2,
            ControlNets = [.. Enumerable.Range(0, count).Select(i => Make(family, i))],
        };
        DiffusersFolder.Write(whole, folder);
    }
}
