using LatentDiffusion.Tests.Checkpoints;
using LatentDiffusion.Tests.Reference;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>ControlNets of SDXL with fewer transformer blocks than the U-Net, as controlnet-canny-sdxl-1.0-small and -mid have.</summary>
public sealed class SmallControlNetTests(FamilyFolders families) : IClassFixture<FamilyFolders>, IDisposable
{
    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a", Seed = 3, Steps = 2, GuidanceScale = 4, Width = TaskImages.Width, Height = TaskImages.Height,
        ControlImages = [TaskImages.Image],
    };

    private readonly TemporaryFolder _folder = new();

    /// <summary>Types of the blocks, of the middle, and transformer blocks at each resolution.</summary>
    public static TheoryData<string, string, int[]> Variants => new()
    {
        { "DownBlock2D CrossAttnDownBlock2D", "UNetMidBlock2DCrossAttn", [1, 2] },
        { "DownBlock2D CrossAttnDownBlock2D", "UNetMidBlock2DCrossAttn", [0, 1] },
        { "DownBlock2D CrossAttnDownBlock2D", "UNetMidBlock2DCrossAttn", [0, 0] },
        { "DownBlock2D DownBlock2D", "UNetMidBlock2DCrossAttn", [1, 1] },
        { "DownBlock2D DownBlock2D", "UNetMidBlock2DCrossAttn", [0, 0] },
        { "DownBlock2D DownBlock2D", "UNetMidBlock2D", [0, 0] },
    };

    [Theory, MemberData(nameof(Variants))]
    public void Folders_and_files_control(string blocks, string middle, int[] depths)
    {
        ControlNetConfig config = new()
        {
            BlockOutChannels = [32, 64], LayersPerBlock = 1, CrossAttentionDim = 128, ConditioningEmbeddingOutChannels = [8, 16],
            DownBlockTypes = [.. blocks.Split(' ')], MidBlockType = middle, AdditionEmbedType = "text_time", AdditionTimeEmbedDim = 256,
            ProjectionClassEmbeddingsInputDim = 32 + 6 * 256, UseLinearProjection = true, AttentionHeadDim = new PerBlock<int>([1, 1]),
            TransformerLayersPerBlock = new PerBlock<int>([.. depths]),
        };
        using ControlNetModel network = config.Build();
        FormulaWeights.Fill(network);
        DiffusersFolder.WriteNetwork(network, _folder["control"], ScalarType.Float32);
        using DiffusionPipeline controlled = Model().UseControlNet(_folder["control"]).Build(), free = Model().Build();
        byte[] expected = Pixels(controlled, s_request);
        Assert.NotEqual(Pixels(free, s_request with { ControlImages = null }), expected);

        foreach (string prefix in new[] { "", "control_model." })
        {
            string file = _folder[$"{prefix}control.safetensors"];
            SafetensorsWriter.Write(file, LdmWriter.ControlNet(network).Select(t => (prefix + t.Name, t.Value)));
            using ControlNetModel read = DiffusersFolder.ReadNetwork<ControlNetModel>(file);
            Assert.Equal(network.state_dict().Keys.Order(), read.state_dict().Keys.Order());
            // Without attention to the text, the file does not show its width; it is XL's.
            bool attends = network.state_dict().Keys.Any(name => name.Contains("attn2.to_k", StringComparison.Ordinal));
            Assert.Equal(attends ? 128 : 2048, read.Config.CrossAttentionDim[0]);
            if (!attends) continue;
            using DiffusionPipeline single = Model().UseControlNet(file).Build();
            Assert.Equal(expected, Pixels(single, s_request));
        }
    }

    /// <summary>
    /// The pages of diffusers/controlnet-canny-sdxl-1.0, -mid and -small list weights in half precision of 2.5 GB, 545 MB and 320 MB. The
    /// first number has two digits there, and its others are this network's own. The blocks of the first and the last are those of their
    /// configurations; the transformer blocks of -mid and -small are this project's reading, for which the sizes agree.
    /// </summary>
    [Theory]
    [InlineData("CrossAttnDownBlock2D", "[1, 2, 10]", 2502)]
    [InlineData("CrossAttnDownBlock2D", "[0, 0, 1]", 545)]
    [InlineData("DownBlock2D", "[0, 0, 0]", 320)]
    public void Published_sizes_have_the_published_parameters(string block, string depths, int megabytes)
    {
        string json = $$"""
            { "_class_name": "ControlNetModel", "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
              "attention_head_dim": [5, 10, 20], "block_out_channels": [320, 640, 1280], "cross_attention_dim": 2048,
              "down_block_types": ["DownBlock2D", "{{block}}", "{{block}}"],
              "projection_class_embeddings_input_dim": 2816, "transformer_layers_per_block": {{depths}}, "use_linear_projection": true }
            """;
        using ControlNetModel network = ControlNetConfig.FromJson(json).BuildUninitialized(META);
        Assert.InRange(2 * network.parameters().Sum(p => p.numel()) / 1e6, megabytes - 2, megabytes + 2);
    }

    public void Dispose() => _folder.Dispose();

    private static byte[] Pixels(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();

    private DiffusionPipelineBuilder Model() => new DiffusionPipelineBuilder().UseModelFolder(families["xl"], CPU);
}
