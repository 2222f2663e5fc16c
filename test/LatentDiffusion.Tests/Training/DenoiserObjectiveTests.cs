using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

public sealed class DenoiserObjectiveTests : IDisposable
{
    private static readonly BpeVocabulary s_vocabulary = BpeTrainer.Train(["a blue bird", "a star"], 530);
    private static readonly AutoencoderKLConfig s_autoencoder = new()
    {
        BlockOutChannels = [4, 4], NormNumGroups = 2, ScalingFactor = 0.7, ShiftFactor = 0.2,
        DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"], UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
    };

    private readonly TemporaryFolder _folder = new();
    private readonly ClipTokenizer _tokenizer = new(s_vocabulary, 8);
    private readonly NoiseSchedule _schedule = NoiseSchedule.ScaledLinear().WithZeroTerminalSnr();
    private readonly UNet2DConditionModel _network;
    private readonly ClipTextModel _text;
    private readonly LatentCache _data;

    public DenoiserObjectiveTests()
    {
        _network = new UNet2DConditionConfig
        {
            SampleSize = 8, BlockOutChannels = [8, 16], NormNumGroups = 4, LayersPerBlock = 1, CrossAttentionDim = 8, AttentionHeadDim = 2,
            DownBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D"], UpBlockTypes = ["CrossAttnUpBlock2D", "UpBlock2D"],
        }.Build();
        _text = new ClipTextConfig
        {
            VocabSize = _tokenizer.VocabularySize, HiddenSize = 8, IntermediateSize = 16, NumHiddenLayers = 1, NumAttentionHeads = 2,
            MaxPositionEmbeddings = 8, EosTokenId = _tokenizer.EndId,
        }.Build();
        Reference.FormulaWeights.Fill(_network);
        Reference.FormulaWeights.Fill(_text);
        using AutoencoderKL autoencoder = s_autoencoder.Build();
        Reference.FormulaWeights.Fill(autoencoder);
        _data = LatentCache.Open(_folder["latents.safetensors"], "test", autoencoder, _tokenizer, new Stripes(), 6);
    }

    public void Dispose()
    {
        _data.Dispose();
        _network.Dispose();
        _text.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(PredictionType.Epsilon)]
    [InlineData(PredictionType.Velocity)]
    [InlineData(PredictionType.Sample)]
    public void The_loss_is_the_mean_squared_error_at_the_drawn_timesteps(PredictionType prediction)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        var options = new DenoiserTrainingOptions { BatchSize = 3, PredictionType = prediction, CaptionDropout = 0 };
        using var objective = new DenoiserObjective(
            new UNetDenoiser(_network),
            _text,
            _tokenizer,
            s_autoencoder,
            _data,
            _schedule,
            options);
        double actual = objective.Loss(new TrainingStep(0, new Generator(9))).item<float>();

        // The same draws in the same order, and each image by itself.
        var random = new Generator(9);
        rand(3, generator: random);
        long[] timesteps = randint(0, 1000, [3], dtype: ScalarType.Int64, generator: random).data<long>().ToArray();
        Tensor noise = randn([3, 4, 8, 8], generator: random);
        long[] order = new BatchIndices(6, 3).IndicesFor(0);
        double expected = 0;
        for (int i = 0; i < 3; i++)
        {
            double alphaBar = _schedule.AlphasCumprod[(int)timesteps[i]], signal = Math.Sqrt(alphaBar), spread = Math.Sqrt(1 - alphaBar);
            Tensor sample = (_data.Latents[order[i]].to(ScalarType.Float32).unsqueeze(0) - 0.2) * 0.7, epsilon = noise[i].unsqueeze(0);
            Tensor hidden = _text.call(_data.Ids[order[i]].unsqueeze(0)).LastHiddenState;
            Tensor output = _network.call(new UNetInput(signal * sample + spread * epsilon, tensor([timesteps[i]]), hidden));
            Tensor target = prediction switch
            {
                PredictionType.Epsilon => epsilon,
                PredictionType.Velocity => signal * epsilon - spread * sample,
                _ => sample
            };
            expected += (output - target).square().mean().item<float>() / 3;
        }

        Assert.Equal(expected, actual, 1e-5 * Math.Max(1, expected));
    }

    [Fact]
    public void Captions_are_dropped_at_the_given_rate()
    {
        // A network that sees no text gives the same loss with every caption dropped as with none; this one sees it.
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        double kept = Loss(0), dropped = Loss(0.999999), again = Loss(0);
        Assert.Equal(kept, again);
        Assert.NotEqual(kept, dropped);

        double Loss(double rate)
        {
            using var objective = new DenoiserObjective(
                new UNetDenoiser(_network), _text, _tokenizer, s_autoencoder, _data, _schedule,
                new DenoiserTrainingOptions { BatchSize = 3, CaptionDropout = rate });
            return objective.Loss(new TrainingStep(0, new Generator(9))).item<float>();
        }
    }

    [Fact]
    public void The_cache_is_read_again_only_where_it_is_of_the_same_things()
    {
        string file = _folder["latents.safetensors"];
        DateTime made = new(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(file, made);
        using (AutoencoderKL alike = (s_autoencoder with { ScalingFactor = 3 }).Build())
        {
            Reference.FormulaWeights.Fill(alike);
            using LatentCache same = LatentCache.Open(file, "test", alike, _tokenizer, new Stripes(), 6);
            Assert.Equal(Values(_data), Values(same));
            Assert.Equal(made, File.GetLastWriteTimeUtc(file));
        }

        // The same key, and other weights: the old latents would be wrong.
        using AutoencoderKL other = s_autoencoder.Build();
        using LatentCache changed = LatentCache.Open(file, "test", other, _tokenizer, new Stripes(), 6);
        Assert.NotEqual(Values(_data), Values(changed));

        static float[] Values(LatentCache cache) => cache.Latents.to(ScalarType.Float32).data<float>().ToArray();
    }

    [Fact]
    public void Every_image_is_seen_once_an_epoch_in_changing_order()
    {
        var indices = new BatchIndices(6, 4);
        long[] seen = [.. Enumerable.Range(0, 3).SelectMany(step => indices.IndicesFor(step))];
        Assert.Equal([0, 1, 2, 3, 4, 5], seen[..6].Order());
        Assert.Equal([0, 1, 2, 3, 4, 5], seen[6..].Order());
        Assert.NotEqual(seen[..6], seen[6..]);
        Assert.Equal(seen[4..8], new BatchIndices(6, 4).IndicesFor(1));
    }

    private sealed class Stripes : ICaptionedImageSource
    {
        public long? Count => 6;

        public CaptionedImage Read(long index)
        {
            byte[] rgb = [.. Enumerable.Range(0, 16 * 16 * 3).Select(i => (byte)(i * (index + 3)))];
            return new CaptionedImage(new ImageBuffer(16, 16, rgb), index % 2 == 0 ? "a blue bird" : "a star", $"stripes {index}");
        }
    }
}
