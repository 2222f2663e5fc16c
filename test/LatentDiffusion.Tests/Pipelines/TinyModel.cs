namespace LatentDiffusion.Tests.Pipelines;

/// <summary>A model folder with small random networks: 16 x 16 images from 8 x 8 latents.</summary>
public sealed class TinyModel : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TinyModel()
    {
        BpeVocabulary vocabulary = BpeTrainer.Train(["a drawing of a star", "a blue bird"], 560);
        using var unet = new UNet2DConditionModel(new UNet2DConditionConfig
        {
            SampleSize = 8, BlockOutChannels = [16, 32], NormNumGroups = 8,
            LayersPerBlock = 1, CrossAttentionDim = 16, AttentionHeadDim = 2,
            DownBlockTypes = ["CrossAttnDownBlock2D", "DownBlock2D"], UpBlockTypes = ["UpBlock2D", "CrossAttnUpBlock2D"],
        });
        using var autoencoder = new AutoencoderKL(new AutoencoderKLConfig
        {
            BlockOutChannels = [8, 16], NormNumGroups = 4, ScalingFactor = 0.5, ShiftFactor = 0.1, SampleSize = 16,
            DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"], UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
        });
        using var text = new ClipTextModel(new ClipTextConfig
        {
            VocabSize = vocabulary.Tokens.Count, HiddenSize = 16, IntermediateSize = 32, NumHiddenLayers = 2, NumAttentionHeads = 2,
            MaxPositionEmbeddings = 16, EosTokenId = vocabulary.Tokens[BpeVocabulary.EndToken],
        });
        Reference.FormulaWeights.Fill(unet);
        Reference.FormulaWeights.Fill(autoencoder);
        Reference.FormulaWeights.Fill(text);
        SchedulerConfig scheduler = SchedulerConfig.Parse("""
            {
              "_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
              "clip_sample": false
            }
            """);
        DiffusersFolder.Write(
            new ModelComponents(ModelFamilies.StableDiffusion, "StableDiffusionPipeline", scheduler)
            {
                ["unet"] = unet,
                ["vae"] = autoencoder,
                ["text_encoder"] = text,
                ["tokenizer"] = new ClipTokenizerFiles(vocabulary, 16),
            },
            Folder);
    }

    public string Folder => _folder["model"];

    public DiffusionPipelineBuilder Builder() => new DiffusionPipelineBuilder().UseModelFolder(Folder);

    public void Dispose() => _folder.Dispose();
}
