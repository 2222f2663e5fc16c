using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>A ControlNet starts as a copy of the U-Net's encoder that changes nothing, is trained on edges, written and used.</summary>
public sealed class ControlNetObjectiveTests : IDisposable
{
    private const int ImageCount = 4;

    private static readonly DenoiserTrainingOptions s_options = new() { BatchSize = 2, CaptionDropout = 0.5 };

    private static readonly TrainingOptions s_training = new()
    {
        Steps = 8, CheckpointEvery = 4, EmaDecay = 0,
        Optimizer = new OptimizerOptions { LearningRate = 2e-3, WarmupSteps = 0, Decay = LearningRateDecay.Constant },
    };

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();
    private readonly FamilyFolders _families = new();

    public void Dispose()
    {
        _families.Dispose();
        _folder.Dispose();
        _scope.Dispose();
    }

    [Theory, InlineData("sd1"), InlineData("xl")]
    public void It_starts_as_the_model_and_its_loss_falls_and_the_folder_controls(string family)
    {
        using ModelComponents model = DiffusersFolder.Read(_families[family]);
        Dictionary<string, float[]> before = Values(model);
        using LatentCache data = Cache(model);
        manual_seed(3);
        using ControlNetModel control = Control(model);
        using (var objective = new ControlNetObjective(control, model, data, new EdgeImages(new Blocks()), s_options))
        using (var plain = new DenoiserObjective(model, data, s_options with { TrainTextEncoder = false }))
        {
            Assert.Equal(["controlnet"], objective.Modules.Keys);
            double first = Loss(objective);
            // The same noise and the same captions.
            Assert.Equal(Loss(plain), first);
            Assert.True(new Trainer(s_training).Run(objective, _folder["run"]));
            double last = Loss(objective);
            Assert.True(last < 0.98 * first, $"the loss went from {first} to {last}");
            Assert.All(
                model.Networks.Where(n => n.Name != "vae").SelectMany(n => n.Network.parameters()), p => Assert.False(p.requires_grad));
        }

        Assert.All(model.Networks.SelectMany(n => n.Network.parameters()), p => Assert.True(p.requires_grad));
        foreach ((string name, float[] values) in Values(model)) Assert.Equal(before[name], values);
        Assert.All(control.state_dict(), p => Assert.True(Values(p.Value).Any(v => v != 0), $"{p.Key} is still zero"));

        DiffusersFolder.WriteNetwork(control, _folder["control"]);
        using ControlNetModel read = DiffusersFolder.ReadNetwork<ControlNetModel>(_folder["control"]);
        foreach ((string name, Tensor value) in control.state_dict()) Assert.Equal(Values(value), Values(read.state_dict()[name]));
        ImageBuffer edges = new EdgeImages(new Blocks()).Read(0).Image, others = new EdgeImages(new Blocks()).Read(3).Image;
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseModelFolder(_families[family]).UseControlNet(_folder["control"]).Build();
        Assert.NotEqual(Draw(pipeline, edges), Draw(pipeline, others));
    }

    [Fact]
    public void Gradients_agree_with_finite_differences_and_recomputed_blocks_with_kept_ones()
    {
        using ModelComponents model = FamilyFolders.Make("sd1");
        using LatentCache data = Cache(model);
        manual_seed(3);
        using ControlNetModel control = Control(model);
        Reference.FormulaWeights.Fill(control);
        using var objective = new ControlNetObjective(control, model, data, new EdgeImages(new Blocks()), s_options);
        float[] kept = Gradients();
        model.Get<UNet2DConditionModel>("unet").GradientCheckpointing = control.GradientCheckpointing = true;
        float[] recomputed = Gradients();
        double scale = kept.Max(Math.Abs);
        Assert.All(kept.Zip(recomputed), p => Assert.Equal(p.First, p.Second, 1e-5 * scale));
        model.Get<UNet2DConditionModel>("unet").GradientCheckpointing = control.GradientCheckpointing = false;
        control.to(ScalarType.Float64);
        foreach ((_, nn.Module network) in model.Networks) network.to(ScalarType.Float64);
        FiniteDifferences.Agree(() => objective.Loss(new TrainingStep(0, new Generator(9))), FiniteDifferences.Parameters(control));

        float[] Gradients()
        {
            control.zero_grad();
            objective.Loss(new TrainingStep(0, new Generator(9))).backward();
            return [.. control.parameters().SelectMany(p => Values(p.grad!))];
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused_by_name()
    {
        using ModelComponents model = FamilyFolders.Make("sd1");
        using LatentCache data = Cache(model);
        using ControlNetModel control = Control(model);
        string wrong = Assert.Throws<ArgumentException>(
            () => new ControlNetObjective(control, model, data, new Blocks(3), s_options)).Message;
        Assert.Contains("There are 3 control images, and the cache has 4", wrong, StringComparison.Ordinal);
        Assert.Contains("scale", Assert.Throws<ArgumentOutOfRangeException>(
            () => ControlNetModel.FromUNet(model.Get<UNet2DConditionModel>("unet"), 12)).Message, StringComparison.Ordinal);
        using var small = new ControlNetObjective(control, model, data, new EdgeImages(new Blocks(ImageCount, 8)), s_options);
        string size = Assert.Throws<ArgumentException>(() => Loss(small)).Message;
        Assert.Contains("8 x 8 pixels; expected 16 x 16", size, StringComparison.Ordinal);
        using ControlNetModel other = ControlNetModel.FromUNet(model.Get<UNet2DConditionModel>("unet"), 8);
        Assert.Contains("shrinks images by 8", Assert.Throws<InvalidOperationException>(
            () => new ControlNetObjective(other, model, data, new Blocks(), s_options)).Message, StringComparison.Ordinal);
    }

    private static ControlNetModel Control(ModelComponents model) => ControlNetModel.FromUNet(
        model.Get<UNet2DConditionModel>("unet"), 1 << (model.Get<AutoencoderKL>("vae").Config.BlockOutChannels.Length - 1));

    private LatentCache Cache(ModelComponents model) =>
        LatentCache.Open(_folder[$"{Guid.NewGuid():N}.safetensors"], "k", model, new Blocks(), ImageCount);

    private static byte[] Draw(DiffusionPipeline pipeline, ImageBuffer control) => pipeline
        .Generate(new GenerationRequest { Prompt = "ab a", Seed = 1, Steps = 2, Width = 16, Height = 16, ControlImages = [control] })
        .Images[0].Image.Rgb.ToArray();

    private static double Loss(ITrainingObjective objective)
    {
        using IDisposable noGrad = no_grad();
        double sum = 0;
        for (int seed = 0; seed < 8; seed++)
        {
            using var generator = new Generator((ulong)seed);
            sum += objective.Loss(new TrainingStep(seed, generator)).item<float>();
        }

        return sum / 8;
    }

    private static float[] Values(Tensor tensor) => [.. tensor.data<float>()];

    private static Dictionary<string, float[]> Values(ModelComponents model) => model.Networks
        .SelectMany(n => n.Network.state_dict().Select(p => ($"{n.Name}.{p.Key}", Values: Values(p.Value))))
        .ToDictionary(p => p.Item1, p => p.Values);

    /// <summary>A white rectangle on black, in another place in each image.</summary>
    private sealed class Blocks(int count = ImageCount, int side = 16) : ICaptionedImageSource
    {
        public long? Count => count;

        public CaptionedImage Read(long index)
        {
            var rgb = new byte[side * side * 3];
            for (int y = 0; y < side / 2; y++) rgb.AsSpan(3 * ((y + (int)index) * side + 2 * (int)index), 3 * side / 2).Fill(255);
            return new CaptionedImage(new ImageBuffer(side, side, rgb), index % 2 == 0 ? "ab a" : "b", $"block {index}");
        }
    }
}
