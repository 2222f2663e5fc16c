namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Random models of each family, small enough to be built and written in a moment.</summary>
internal static class TinyModels
{
    public static readonly string[] Families = ["sd1", "sd1-inpaint", "sd2", "xl", "xl-refiner"];

    /// <summary>Distilled models: blocks of different depths, or no middle block, as in tiny-sd and SSD-1B.</summary>
    public static readonly string[] Distilled = ["sd1-tiny", "xl-ssd"];

    private const int Tokens = 20, Width = 64;

    public static AutoencoderTinyConfig TinyAutoencoder { get; } = new()
    {
        EncoderBlockOutChannels = [8, 8], DecoderBlockOutChannels = [8, 8], NumEncoderBlocks = [1, 1], NumDecoderBlocks = [1, 1],
        ScalingFactor = 1.5, ShiftFactor = 0.1,
    };

    public static VQConfig Codebook { get; } = new()
    {
        BlockOutChannels = [32, 32],
        DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"], UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
        LatentChannels = 3, VqEmbedDim = 4, NumVqEmbeddings = 16, ScalingFactor = 0.5,
    };

    public static ModelComponents Make(string family)
    {
        bool xl = family.StartsWith("xl", StringComparison.Ordinal), two = family.StartsWith("sd2", StringComparison.Ordinal);
        bool refiner = family == "xl-refiner";
        ClipTextModel? first = refiner ? null : Text(two ? "gelu" : "quick_gelu").Build();
        ClipTextModel? second = xl ? (Text("gelu") with { ProjectionDim = 32 }).Build(projection: true) : null;
        SchedulerConfig scheduler = PublishedModels.Scheduler(
            xl, consistency: family == "sd1-lcm", two ? PredictionType.Velocity : PredictionType.Epsilon);
        return new ModelComponents(ModelFamilies.StableDiffusion, PublishedModels.PipelineClass(UNet(family), xl, refiner), scheduler)
        {
            ["unet"] = UNet(family).Build(),
            ["vae"] = family switch
            {
                "sd1-taesd" => TinyAutoencoder.Build(),
                "sd1-vq" => Codebook.Build(),
                _ => Autoencoder(xl).Build(),
            },
            ["text_encoder"] = first,
            ["text_encoder_2"] = second,
            ["tokenizer"] = first is null ? null : new ClipTokenizerFiles(Vocabulary, 16, two ? "!" : BpeVocabulary.EndToken),
            ["tokenizer_2"] = second is null ? null : new ClipTokenizerFiles(Vocabulary, 16, "!"),
            Settings = PublishedModels.Settings(xl, refiner),
        };
    }

    public static BpeVocabulary Vocabulary { get; } = new(
        new[] { "!", "!</w>", "a", "a</w>", "b", "b</w>", "ab</w>", BpeVocabulary.StartToken, BpeVocabulary.EndToken }.Index()
            .ToDictionary(t => t.Item, t => t.Index),
        [("a", "b</w>")]);

    public static AutoencoderKLConfig Autoencoder(bool xl) => new()
    {
        BlockOutChannels = [32, 64], DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"],
        UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
        ScalingFactor = (xl ? PublishedLatents.StableDiffusionXL : PublishedLatents.StableDiffusion).ScalingFactor,
        SampleSize = xl ? 1024 : 512,
    };

    private static ClipTextConfig Text(string activation) => new()
    {
        VocabSize = Tokens, HiddenSize = Width, IntermediateSize = 2 * Width, NumHiddenLayers = 2, NumAttentionHeads = 1,
        MaxPositionEmbeddings = 16, HiddenAct = activation, ProjectionDim = Width, EosTokenId = 2,
    };

    private static UNet2DConditionConfig UNet(string family)
    {
        var one = new UNet2DConditionConfig
        {
            SampleSize = 64, InChannels = family.Split('-')[^1] switch { "inpaint" => 9, "edit" => 8, _ => 4 }, BlockOutChannels = [32, 64],
            LayersPerBlock = 1, CrossAttentionDim = Width,
            DownBlockTypes = ["CrossAttnDownBlock2D", "DownBlock2D"], UpBlockTypes = ["UpBlock2D", "CrossAttnUpBlock2D"],
        };
        UNet2DConditionConfig later = one with { AttentionHeadDim = new PerBlock<int>([1, 1]), UseLinearProjection = true };
        return family switch
        {
            "sd1" or "sd1-inpaint" or "sd1-edit" or "sd1-taesd" or "sd1-vq" => one,
            "sd1-lcm" => one with { TimeCondProjDim = 16 },
            "sd1-variance" => one with { OutChannels = 8 },
            "sd2" or "sd2-inpaint" => later with { SampleSize = 96, UpcastAttention = true },
            "xl" or "xl-inpaint" or "xl-edit" => Added(later, 2 * Width, pooled: 32, numbers: 6) with
            {
                DownBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D"], UpBlockTypes = ["CrossAttnUpBlock2D", "UpBlock2D"],
                TransformerLayersPerBlock = new PerBlock<int>([1, 2]),
            },
            "sd1-tiny" => one with
            {
                DownBlockTypes = ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
                UpBlockTypes = ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D"], MidBlockType = null,
            },
            "xl-ssd" => Added(later, 2 * Width, pooled: 32, numbers: 6) with
            {
                BlockOutChannels = [32, 64, 64], LayersPerBlock = 2, AttentionHeadDim = new PerBlock<int>([1, 1, 1]),
                DownBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
                MidBlockType = "UNetMidBlock2D",
                UpBlockTypes = ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
                TransformerLayersPerBlock = new PerBlock<int>([1, 2, 2]),
                ReverseTransformerLayersPerBlock = new TransformerLayers(
                    new PerBlock<PerBlock<int>>([new PerBlock<int>([2, 2, 3]), new PerBlock<int>([2, 1, 1]), 1])),
            },
            _ => Added(later, Width, pooled: 32, numbers: 5),
        };
    }

    private static UNet2DConditionConfig Added(UNet2DConditionConfig config, int context, int pooled, int numbers) => config with
    {
        SampleSize = 128, CrossAttentionDim = context, AdditionEmbedType = "text_time", AdditionTimeEmbedDim = 256,
        ProjectionClassEmbeddingsInputDim = pooled + numbers * 256,
    };
}
