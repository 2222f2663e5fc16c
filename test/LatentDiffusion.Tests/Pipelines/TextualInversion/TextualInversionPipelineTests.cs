using LatentDiffusion.Tests.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Embeddings of the rows of a model's own table give, bit for bit, the images of the words of those rows.</summary>
public sealed class TextualInversionPipelineTests(FamilyFolders folders) : IClassFixture<FamilyFolders>, IDisposable
{
    private const string Query = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";

    private static readonly GenerationRequest s_words =
        new() { Prompt = "a ab", NegativePrompt = "ab a", Seed = 3, Steps = 2, Width = 16, Height = 16, GuidanceScale = 4 };

    private static readonly GenerationRequest s_tokens = s_words with { Prompt = "a one", NegativePrompt = "<two>" };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory, InlineData(false), InlineData(true)]
    public void Tokens_stand_in_prompts_and_negative_prompts(bool weights)
    {
        string one = EmbeddingFiles.WebUi(_folder["file.pt"], "one", Rows("sd1", "text_encoder", "ab"));
        string two = EmbeddingFiles.Safetensors(_folder["<two>.safetensors"], ("emb_params", Rows("sd1", "text_encoder", "ab a")));
        DiffusionPipelineBuilder Builder() =>
            weights ? Folder("sd1").UsePromptWeighting(new PromptingOptions { ClipSkip = 2 }) : Folder("sd1");
        byte[] expected = Draw(Builder(), s_words).Image.Rgb.ToArray();
        GeneratedImage image = Draw(Builder().UseTextualInversion(one).UseTextualInversion(two), s_tokens);
        Assert.Equal(expected, image.Image.Rgb.ToArray());
        Assert.NotEqual(expected, Draw(Builder(), s_tokens).Image.Rgb.ToArray());

        string entry = PngText.Read(image.ToPng())["textual_inversions"];
        Assert.Equal("""[{"name":"file.pt","token":"one"},{"name":"\u003Ctwo\u003E.safetensors","token":"\u003Ctwo\u003E"}]""", entry);
        Assert.Equal(s_tokens.Prompt, GenerationMetadata.ReadRequest(image.ToPng()).Prompt);
    }

    [Fact]
    public void Both_towers_of_XL_and_its_refiner_take_embeddings()
    {
        string path = EmbeddingFiles.Safetensors(
            _folder["one.safetensors"], ("clip_l", Rows("xl", "text_encoder", "ab")), ("clip_g", Rows("xl", "text_encoder_2", "ab")));
        Same("xl", path);
        // The refiner reads the same prompts with the rows of its own table.
        using Tensor rows = Rows("xl-refiner", "text_encoder_2", "ab");
        path = EmbeddingFiles.Safetensors(_folder["two.safetensors"], ("clip_l", rows), ("clip_g", rows));
        Same("xl-refiner", path);
        Draw(Folder("xl").UseRefiner(folders["xl-refiner"], 0.5).UseTextualInversion(path, "one"), s_tokens with { Steps = 4 });
    }

    [Fact]
    public void Embeddings_bundled_in_a_LoRA_file_are_added_with_it()
    {
        using Tensor up = randn(32, 2), down = randn(2, 32);
        (string, Tensor)[] patch = [($"{Query}.lora_B.weight", up), ($"{Query}.lora_A.weight", down)];
        string bundle = EmbeddingFiles.Safetensors(
            _folder["bundle.safetensors"], [.. patch, ("bundle_emb.one.string_to_param.*", Rows("sd1", "text_encoder", "ab"))]);
        string plain = EmbeddingFiles.Safetensors(_folder["plain.safetensors"], patch);
        GenerationRequest request = s_words with { Prompt = "a one" };
        byte[] expected = Draw(Folder("sd1").UseLora(plain), s_words).Image.Rgb.ToArray();
        Assert.Equal(expected, Draw(Folder("sd1").UseLora(bundle).UseLora(bundle, 0), request).Image.Rgb.ToArray());
        // A token that is given takes the place of a bundled one.
        string other = EmbeddingFiles.Diffusers(_folder["other.safetensors"], "one", Rows("sd1", "text_encoder", "a"));
        Assert.Equal(
            Draw(Folder("sd1").UseLora(plain), s_words with { Prompt = "a a" }).Image.Rgb.ToArray(),
            Draw(Folder("sd1").UseLora(bundle).UseTextualInversion(other), request).Image.Rgb.ToArray());
    }

    [Fact]
    public void What_does_not_fit_is_refused_when_the_pipeline_is_built()
    {
        using Tensor narrow = randn(1, 8);
        string path = EmbeddingFiles.Diffusers(_folder["one.safetensors"], "one", narrow);
        Refused<ArgumentException>(
            "'one' of 'one.safetensors' has vectors of width 8, and the text tower takes 64", b => b.UseTextualInversion(path));
        Refused<InvalidOperationException>(
            "WithTextualInversion of Unable returned null",
            b => b.UseTextEncoder(m => new Unable(m.TextEncoder)).UseTextualInversion(path));
        Refused<FileNotFoundException>("nowhere.pt", b => b.UseTextualInversion(_folder["nowhere.pt"]));

        void Refused<T>(string why, Func<DiffusionPipelineBuilder, DiffusionPipelineBuilder> change) where T : Exception =>
            Assert.Contains(why, Assert.Throws<T>(() => change(Folder("sd1")).Build()).Message);
    }

    private DiffusionPipelineBuilder Folder(string family) => new DiffusionPipelineBuilder().UseModelFolder(folders[family]);

    private void Same(string family, string path)
    {
        GenerationRequest words = s_words with { NegativePrompt = "" }, tokens = words with { Prompt = "a one" };
        Assert.Equal(
            Draw(Folder(family), words).Image.Rgb.ToArray(),
            Draw(Folder(family).UseTextualInversion(path, "one"), tokens).Image.Rgb.ToArray());
    }

    /// <summary>Rows of a network's table for the tokens of some words.</summary>
    private Tensor Rows(string family, string component, string words)
    {
        using ModelComponents model = FamilyFolders.Make(family);
        nn.Module network = model.Networks.Single(n => n.Name == component).Network;
        Tensor table = network.state_dict()["text_model.embeddings.token_embedding.weight"];
        var tokenizer = new ClipTokenizer(TinyModels.Vocabulary, 16);
        using IDisposable noGrad = no_grad();
        return table.index_select(0, tensor(tokenizer.Tokenize(words).Select(id => (long)id).ToArray())).clone();
    }

    private static GeneratedImage Draw(DiffusionPipelineBuilder builder, GenerationRequest request)
    {
        using DiffusionPipeline pipeline = builder.Build();
        return Assert.Single(pipeline.Generate(request).Images);
    }

    private sealed class Unable(ITextEncoder inner) : ITextEncoder
    {
        public int MaxLength => inner.MaxLength;

        public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default) =>
            inner.Encode(prompts, cancellationToken);
    }
}
