namespace LatentDiffusion.Tests.Training;

/// <summary>Small networks and six encoded images, for tests of the denoiser's losses.</summary>
internal sealed class TinyDenoiser : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TinyDenoiser(int outChannels = 4, int images = 6, double dropout = 0, string key = "test")
    {
        Tokenizer = new ClipTokenizer(BpeTrainer.Train(["a blue bird", "a star"], 530), 8);
        Network = new UNet2DConditionConfig
        {
            SampleSize = 8, OutChannels = outChannels, Dropout = dropout,
            BlockOutChannels = [8, 16], NormNumGroups = 4, LayersPerBlock = 1,
            CrossAttentionDim = 8, AttentionHeadDim = 2,
            DownBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D"], UpBlockTypes = ["CrossAttnUpBlock2D", "UpBlock2D"],
        }.Build();
        Text = new ClipTextConfig
        {
            VocabSize = Tokenizer.VocabularySize, HiddenSize = 8, IntermediateSize = 16, NumHiddenLayers = 1, NumAttentionHeads = 2,
            MaxPositionEmbeddings = 8, EosTokenId = Tokenizer.EndId,
        }.Build();
        Reference.FormulaWeights.Fill(Network);
        Reference.FormulaWeights.Fill(Text);
        using AutoencoderKL autoencoder = Autoencoder.Build();
        Reference.FormulaWeights.Fill(autoencoder);
        Data = LatentCache.Open(_folder["latents.safetensors"], key, autoencoder, Tokenizer, new Stripes(images), images);
    }

    public AutoencoderKLConfig Autoencoder { get; } = new()
    {
        BlockOutChannels = [4, 4], NormNumGroups = 2, ScalingFactor = 0.7, ShiftFactor = 0.2,
        DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"], UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
    };

    public ClipTokenizer Tokenizer { get; }

    public UNet2DConditionModel Network { get; }

    public ClipTextModel Text { get; }

    public LatentCache Data { get; }

    public DenoiserObjective Objective(DenoiserTrainingOptions options, NoiseSchedule? schedule) =>
        new(new UNetDenoiser(Network), Text, Tokenizer, Autoencoder, Data, schedule, options);

    public void Dispose()
    {
        Data.Dispose();
        Network.Dispose();
        Text.Dispose();
        _folder.Dispose();
    }

    internal sealed class Stripes(long count) : ICaptionedImageSource
    {
        public long? Count => count;

        public CaptionedImage Read(long index)
        {
            byte[] rgb = [.. Enumerable.Range(0, 16 * 16 * 3).Select(i => (byte)(i * (index + 3)))];
            return new CaptionedImage(new ImageBuffer(16, 16, rgb), index % 2 == 0 ? "a blue bird" : "a star", $"stripes {index}");
        }
    }
}
