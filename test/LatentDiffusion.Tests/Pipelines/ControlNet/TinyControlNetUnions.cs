using LatentDiffusion.Tests.Reference;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>A union ControlNet for the tiny U-Net of XL.</summary>
internal static class TinyControlNetUnions
{
    public static ControlNetUnionConfig Config { get; } = new()
    {
        BlockOutChannels = [32, 64], LayersPerBlock = 1, CrossAttentionDim = 128, ConditioningEmbeddingOutChannels = [8, 16],
        DownBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D"], AdditionEmbedType = "text_time", AdditionTimeEmbedDim = 256,
        ProjectionClassEmbeddingsInputDim = 32 + 6 * 256, UseLinearProjection = true, AttentionHeadDim = new PerBlock<int>([1, 1]),
        NumControlType = 6, NumTransChannel = 32, NumProjChannel = 32, NumTransLayer = 2,
    };

    public static ControlNetUnionModel Make()
    {
        ControlNetUnionModel network = Config.Build();
        FormulaWeights.Fill(network);
        network.eval();
        return network;
    }

    /// <summary>A folder of one, as they are published.</summary>
    public static void Write(string folder)
    {
        using ControlNetUnionModel network = Make();
        DiffusersFolder.WriteNetwork(network, folder, ScalarType.Float32);
    }
}
