using LatentDiffusion.Tests.Checkpoints;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>Models with their text encoders draw through the public builder, from a folder and from an original file.</summary>
public sealed class SD3ModelTests : IDisposable
{
    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a", Seed = 3, Steps = 3, Width = 32, Height = 48,
    };

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Models => [.. TinySD3.Names];

    [Theory, MemberData(nameof(Models))]
    public void A_folder_and_a_file_draw_the_same_image(string name)
    {
        WriteBoth(name);
        using DiffusionPipeline folder = new DiffusionPipelineBuilder().UseModelFolder(_folder["model"]).UseDevice(CPU).Build();
        using DiffusionPipeline file = new DiffusionPipelineBuilder()
            .UseModelFile(_folder["model.safetensors"], _folder["tokenizers"]).UseDevice(CPU).Build();
        byte[] expected = Draw(folder, s_request);
        Assert.Equal(32 * 48 * 3, expected.Length);
        Assert.Equal(expected, Draw(file, s_request));
        Assert.NotEqual(expected, Draw(folder, s_request with { Prompt = "b" }));
        Assert.NotEqual(expected, Draw(folder, s_request with { NegativePrompt = "b" }));
        Assert.Equal(name == "sd3-medium" ? 7 : 4.5, folder.Model!.GuidanceScale);

        folder.Model.Save(_folder["saved"]);
        ModelAssert.SameFiles(_folder["model"], _folder["saved"]);
    }

    [Fact]
    public void T5_may_be_absent()
    {
        using ModelComponents made = TinySD3.MakeWithTexts("sd3.5-large", _folder["t5"]);
        using var without = new ModelComponents(made.Family, made.PipelineClass, made.Scheduler)
        {
            [ComponentNames.Transformer] = made[ComponentNames.Transformer],
            [ComponentNames.Autoencoder] = made[ComponentNames.Autoencoder],
            [ComponentNames.TextEncoder] = made[ComponentNames.TextEncoder],
            [ComponentNames.TextEncoder2] = made[ComponentNames.TextEncoder2],
            [ComponentNames.Tokenizer] = made[ComponentNames.Tokenizer],
            [ComponentNames.Tokenizer2] = made[ComponentNames.Tokenizer2],
        };
        DiffusersFolder.Write(made, _folder["model"]);
        DiffusersFolder.Write(without, _folder["without"]);
        using DiffusionPipeline all = Open("model"), fewer = Open("without");
        Assert.NotEqual(Draw(all, s_request), Draw(fewer, s_request));
    }

    [Fact]
    public void Images_are_changed_and_filled_in()
    {
        WriteBoth("sd3.5-medium");
        using DiffusionPipeline pipeline = Open("model");
        byte[] plain = Draw(pipeline, s_request);
        var image = new ImageBuffer(32, 48, [.. Enumerable.Range(0, 32 * 48 * 3).Select(i => (byte)(i * 7))]);
        byte[] mask = new byte[32 * 48 * 3];
        Array.Fill(mask, (byte)255, 0, mask.Length / 2);
        GenerationRequest changed = s_request with { InitialImage = image, Strength = 0.7 };
        byte[] whole = Draw(pipeline, changed), masked = Draw(pipeline, changed with { Mask = new ImageBuffer(32, 48, mask) });
        Assert.NotEqual(plain, whole);
        Assert.NotEqual(whole, masked);
    }

    [Fact]
    public void Skipped_layers_guide_only_in_their_steps()
    {
        WriteBoth("sd3.5-medium");
        using DiffusionPipeline plain = Open("model"),
            second = Open("model", new SkipLayerOptions { Layers = [0, 2], Start = 0.3, Stop = 0.5 }),
            none = Open("model", new SkipLayerOptions { Layers = [0, 2], Start = 0.4, Stop = 0.6 });
        // The steps lie at 0, 1/3 and 2/3.
        byte[] expected = Draw(plain, s_request);
        Assert.NotEqual(expected, Draw(second, s_request));
        Assert.Equal(expected, Draw(none, s_request));
        Assert.Throws<ArgumentException>(() => Open("model", new SkipLayerOptions()));
    }

    [Fact]
    public void Adapters_change_the_image_and_come_off()
    {
        WriteBoth("sd3.5-medium");
        manual_seed(1);
        SafetensorsWriter.Write(_folder["lora.safetensors"], [
            ("lora_unet_joint_blocks_1_x_block_attn_qkv.lora_down.weight", randn(4, 64)),
            ("lora_unet_joint_blocks_1_x_block_attn_qkv.lora_up.weight", randn(192, 4)),
            ("lora_unet_joint_blocks_1_x_block_attn_qkv.alpha", tensor(4f)),
        ]);
        using DiffusionPipeline pipeline = Open("model");
        byte[] plain = Draw(pipeline, s_request);
        pipeline.Model!.SetLoras((_folder["lora.safetensors"], 0.5));
        Assert.NotEqual(plain, Draw(pipeline, s_request));
        pipeline.Model.SetLoras();
        Assert.Equal(plain, Draw(pipeline, s_request));
    }

    [Fact]
    public void Text_encoders_of_another_width_are_refused()
    {
        using ModelComponents made = TinySD3.MakeWithTexts("sd3.5-large", _folder["t5"]);
        using ModelComponents other = made.With(
            ComponentNames.Transformer, (TinySD3.Transformer("sd3.5-large") with { PooledProjectionDim = 95 }).Build());
        DiffusersFolder.Write(other, _folder["model"]);
        var error = Assert.Throws<InvalidDataException>(() => DiffusionModel.Open(_folder["model"], CPU));
        Assert.Contains("width 96; the transformer takes 95", error.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private static byte[] Draw(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();

    private DiffusionPipeline Open(string folder, SkipLayerOptions? skip = null)
    {
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModelFolder(_folder[folder]).UseDevice(CPU);
        return (skip is null ? builder : builder.UseGuidance(new SkipLayerGuidance(options: skip))).Build();
    }

    private void WriteBoth(string name)
    {
        using ModelComponents made = TinySD3.MakeWithTexts(name, Path.Combine(_folder["tokenizers"], "tokenizer_3"));
        DiffusersFolder.Write(made, _folder["model"]);
        made.Get<ClipTokenizerFiles>(ComponentNames.Tokenizer).Save(_folder["tokenizers"]);
        SafetensorsWriter.Write(_folder["model.safetensors"], [
            .. SD3OriginalNames.Of(made.Get<SD3Transformer2DModel>(ComponentNames.Transformer))
                .Select(t => ("model.diffusion_model." + t.Name, t.Value)),
            .. LdmWriter.Alone(made.Get<AutoencoderKL>(ComponentNames.Autoencoder)).Select(t => ("first_stage_model." + t.Name, t.Value)),
            .. Text(ComponentNames.TextEncoder, "clip_l").Where(t => !t.Item1.EndsWith("text_projection.weight", StringComparison.Ordinal)),
            .. Text(ComponentNames.TextEncoder2, "clip_g"),
            .. Text(ComponentNames.TextEncoder3, "t5xxl"),
        ]);

        IEnumerable<(string, Tensor)> Text(string component, string stored) => made.Get<nn.Module>(component).state_dict()
            .Select(t => ($"text_encoders.{stored}.transformer.{t.Key}", t.Value));
    }
}
