using System.Text.Json.Nodes;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>A union ControlNet with two control types, of which one controls in the first half of a run.</summary>
public sealed class ControlNetUnionTests(FamilyFolders families) : IClassFixture<FamilyFolders>, IDisposable
{
    private const ulong Seed = 3;

    private const double FirstScale = 0.7, SecondScale = 1.2;

    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a", Seed = Seed, Steps = 4, GuidanceScale = PlainFamily.Scale, Width = TaskImages.Width, Height = TaskImages.Height,
        ControlImages = [TaskImages.Image, TaskImages.Mask],
        ControlWeights = [new() { Scale = FirstScale }, new() { Scale = SecondScale, End = 0.5 }],
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Control_matches_a_plain_denoising_loop()
    {
        using var plain = new PlainFamily("xl");
        using ControlNetUnionModel union = TinyControlNetUnions.Make();
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor image = (PlainFamily.Pixels(TaskImages.Image) + 1) / 2, mask = (PlainFamily.Pixels(TaskImages.Mask) + 1) / 2;
        UnionCondition first = new(image, 3) { Scale = FirstScale }, second = new(mask, 1) { Scale = SecondScale };
        int evaluation = 0;
        plain.Input = input =>
        {
            ControlNetOutput output = union.call(new ControlNetUnionInput(input, evaluation < 2 ? [first, second] : [first]));
            return input with { DownResiduals = output.DownResiduals, MiddleResidual = output.MiddleResidual };
        };
        PlainSampler sampler = PlainSampler.Create("euler", 4, velocity: false);
        Func<Tensor, double, Tensor> predict = plain.Guided();
        using var generator = new Generator(Seed);
        Tensor x = randn([1, 4, 8, 12], generator: generator) * sampler.InitialSigma;
        List<Tensor> expected = [x];
        for (; evaluation < 4; evaluation++)
            expected.Add(x = sampler.Step(x, predict(sampler.Seen(x, evaluation), sampler.Timesteps[evaluation]), evaluation));

        DiffusionModel model = DiffusionModel.Open(families["xl"], CPU);
        var seen = new SeenLatents(KnownSchedulers.Euler.Create(model.SchedulerConfig), model.Autoencoder);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModel(_ => model).UseScheduler(seen).UseAutoencoder(seen)
            .UseControlNetUnion(Written(), [3, 1]).Build();
        pipeline.Generate(s_request);
        Assert.Equal(expected.Count, seen.Seen.Count);
        foreach ((Tensor plainly, Tensor found) in expected.Zip(seen.Seen))
            Assert.InRange((plainly - found).abs().max().item<float>(), 0, 1e-4);
    }

    [Fact]
    public void One_seed_gives_the_same_bytes_with_others_and_next_to_another_ControlNet()
    {
        using DiffusionPipeline pipeline = Model().UseControlNetUnion(Written(), [3, 1]).Build();
        byte[] alone = Pixels(pipeline, s_request);
        Assert.Equal(alone, pipeline.Generate(s_request with { Seed = Seed - 1, ImageCount = 2 }).Images[1].Image.Rgb.ToArray());
        using DiffusionPipeline together = Model().UseControlNetUnion(Written(), [3, 1]).Configure(o => o.BatchSize = 2).Build();
        GenerationRequest other = s_request with { ControlImages = [TaskImages.Mask, TaskImages.Image] };
        byte[] batched = together.Generate([other, s_request])[1].Images[0].Image.Rgb.ToArray();
        Assert.InRange(alone.Zip(batched, (a, b) => Math.Abs(a - b)).Max(), 0, 1);

        TinyControlNets.Write(_folder["plain"], "xl", 0);
        using DiffusionPipeline both = Model().UseControlNet(_folder["plain"]).UseControlNetUnion(Written(), [3, 1]).Build();
        GenerationRequest three = s_request with
        {
            ControlImages = [TaskImages.Image, .. s_request.ControlImages!],
            ControlWeights = [new() { Scale = 0 }, .. s_request.ControlWeights!],
        };
        Assert.Equal(alone, Pixels(both, three));
        Assert.NotEqual(alone, Pixels(both, three with { ControlWeights = [new(), .. s_request.ControlWeights!] }));
        Assert.Equal("""["plain","union"]""", both.Settings.Single(s => s.Key == "control_nets").Value);
    }

    [Fact]
    public void A_request_overrides_the_modes_of_the_builder()
    {
        using DiffusionPipeline asBuilt = Model().UseControlNetUnion(Written(), [3, 1]).Build();
        using DiffusionPipeline asAsked = Model().UseControlNetUnion(Written(), [0, 5]).Build();
        GenerationRequest request = s_request with { ControlWeights = [new() { Mode = 3 }, new() { Mode = 1, End = 0.9 }] };
        byte[] expected = Pixels(asBuilt, request);
        Assert.Equal(expected, Pixels(asAsked, request));
        Assert.NotEqual(expected, Pixels(asAsked, request with { ControlWeights = [new(), new() { End = 0.9 }] }));
        GenerationResult result = asAsked.Generate(request);
        GenerationRequest again = GenerationMetadata.ReadRequest(result.Images[0].ToPng(), inputs: request);
        Assert.Equal(
            [new() { Scale = 1, Start = 0, End = 1, Mode = 3 }, new() { Scale = 1, Start = 0, End = 0.9, Mode = 1 }],
            again.ControlWeights!);
    }

    [Fact]
    public void A_single_file_and_a_model_folder_match_the_ControlNet_folder()
    {
        using ControlNetUnionModel union = TinyControlNetUnions.Make();
        SafetensorsWriter.Write(_folder["union.safetensors"], union.state_dict());
        using DiffusionPipeline folder = Model().UseControlNetUnion(Written(), [3, 1]).Build();
        using DiffusionPipeline file = Model().UseControlNetUnion(_folder["union.safetensors"], [3, 1]).Build();
        Assert.Equal(Pixels(folder, s_request), Pixels(file, s_request));
        using ControlNetUnionModel read = DiffusersFolder.ReadNetwork<ControlNetUnionModel>(_folder["union.safetensors"]);
        Assert.Equal(union.Config.NumControlType, read.Config.NumControlType);
        Assert.Throws<InvalidDataException>(() => DiffusersFolder.ReadNetwork<ControlNetModel>(_folder["union.safetensors"]));
        SafetensorsWriter.Write(
            _folder["bad.safetensors"], union.state_dict().Select(t => (t.Key, t.Value)).Append(("transformer_layes.9.x", rand(1))));
        Assert.Equal(
            ["transformer_layes.9.x"],
            Assert.Throws<CheckpointException>(
                () => DiffusersFolder.ReadNetwork<ControlNetUnionModel>(_folder["bad.safetensors"])).Unexpected);

        ModelComponents made = FamilyFolders.Make("xl");
        using (var whole = new ModelComponents(ModelFamilies.StableDiffusion, "StableDiffusionXLControlNetUnionPipeline", made.Scheduler)
        {
            ["unet"] = made.UNet, ["vae"] = made.Autoencoder, ["text_encoder"] = made.TextEncoder, ["tokenizer"] = made.Tokenizer,
            ["text_encoder_2"] = made.TextEncoder2, ["tokenizer_2"] = made.Tokenizer2, ["controlnet"] = TinyControlNetUnions.Make(),
        })
            DiffusersFolder.Write(whole, _folder["own"]);
        JsonNode index = JsonNode.Parse(File.ReadAllText(Path.Combine(_folder["own"], "model_index.json")))!;
        Assert.Equal("ControlNetUnionModel", (string?)index["controlnet"]![1]);
        using DiffusionPipeline own = new DiffusionPipelineBuilder().UseModelFolder(_folder["own"], CPU).Build();
        GenerationRequest one = s_request with { ControlImages = [TaskImages.Image], ControlWeights = [new() { Mode = 3 }] };
        using DiffusionPipeline single = Model().UseControlNetUnion(Written(), [3]).Build();
        Assert.Equal(Pixels(single, one), Pixels(own, one));
        Refused(
            own, one with { ControlWeights = null },
            "ControlWeights[0].Mode is null; expected 0 to 5, the modes of the ControlNet 'controlnet'");
        own.Model!.Save(_folder["saved"]);
        Checkpoints.ModelAssert.SameFiles(_folder["own"], _folder["saved"]);
    }

    [Fact]
    public void Modes_that_do_not_exist_are_refused()
    {
        string union = Written();
        TinyControlNets.Write(_folder["plain"], "xl", 0);
        Assert.Throws<ArgumentException>("modes", () => Model().UseControlNetUnion(union, []));
        Assert.Throws<ArgumentOutOfRangeException>("modes", () => Model().UseControlNetUnion(union, [-1]));
        Fails(Model().UseControlNetUnion(union, [6]), "does not have the mode 6; expected 0 to 5");
        Fails(Model().UseControlNet(union), "add it by UseControlNetUnion, with the modes of its images");
        Fails(Model().UseControlNetUnion(_folder["plain"], [0]), "is not a union ControlNet");
        Fails(
            new DiffusionPipelineBuilder().UseModelFolder(families["sd1"], CPU).UseControlNetUnion(union, [0]),
            "width 128, and the denoiser of 64");
        using DiffusionPipeline pipeline = Model().UseControlNetUnion(union, [3, 1]).Build();
        Refused(
            pipeline, s_request with { ControlImages = [TaskImages.Image] },
            "ControlImages is a list of 1; expected 2, one for each ControlNet and mode");
        Refused(pipeline, s_request with { ControlWeights = [new() { Mode = 6 }, new()] }, "ControlWeights[0].Mode is 6; expected 0 to 5");
        using DiffusionPipeline plain = Model().UseControlNet(_folder["plain"]).Build();
        Refused(
            plain, s_request with { ControlImages = [TaskImages.Image], ControlWeights = [new() { Mode = 0 }] },
            "ControlWeights[0].Mode is 0; expected null, because the ControlNet 'plain' has no modes");

        static void Fails(DiffusionPipelineBuilder builder, string message) =>
            Assert.Contains(message, Assert.Throws<InvalidOperationException>(() => builder.Build()).Message, StringComparison.Ordinal);
    }

    private static void Refused(DiffusionPipeline pipeline, GenerationRequest request, string message) =>
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => pipeline.Generate(request)).Message, StringComparison.Ordinal);

    private static byte[] Pixels(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();

    private string Written()
    {
        TinyControlNetUnions.Write(_folder["union"]);
        return _folder["union"];
    }

    private DiffusionPipelineBuilder Model() => new DiffusionPipelineBuilder().UseModelFolder(families["xl"], CPU);
}
