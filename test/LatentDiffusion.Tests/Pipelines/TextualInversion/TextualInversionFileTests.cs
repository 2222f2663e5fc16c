using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

public sealed class TextualInversionFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_known_form_is_read_under_its_token()
    {
        using Tensor one = randn(3), two = randn(2, 3), wide = randn(2, 5);
        Check("<mine>", 1, EmbeddingFiles.Diffusers(_folder["a.safetensors"], "<mine>", one), one);
        Check("<mine>", 2, EmbeddingFiles.Diffusers(_folder["b.safetensors"], "<mine>", two), two);
        Check("<mine>", 1, EmbeddingFiles.LearnedEmbeds(_folder["learned_embeds.bin"], "<mine>", one), one);
        Check("style", 2, EmbeddingFiles.Safetensors(_folder["style.safetensors"], ("emb_params", two)), two);
        Check("x", 2, EmbeddingFiles.WebUi(_folder["c.pt"], "x", two), two);
        Check("unnamed", 2, EmbeddingFiles.WebUi(_folder["unnamed.pt"], null, two), two);
        Check("original", 2, EmbeddingFiles.Original(_folder["original.pt"], two), two);
        Check("bare", 2, EmbeddingFiles.Bare(_folder["bare.bin"], two), two);
        foreach ((string first, string second) in new[] { ("clip_l", "clip_g"), ("text_encoders_0", "text_encoders_1") })
        {
            TextualInversion read = Assert.Single(TextualInversionFile.Read(
                EmbeddingFiles.Safetensors(_folder["xl.safetensors"], (first, two), (second, wide))));
            Assert.Equal(("xl", 2, 2), (read.Token, read.Vectors, read.Embeddings.Count));
            AssertEqual(two, read.Embeddings[TextualInversion.FirstTower]);
            AssertEqual(wide, read.Embeddings[TextualInversion.SecondTower]);
        }
    }

    [Fact]
    public void A_token_of_ones_own_takes_the_place_of_the_files()
    {
        using Tensor one = randn(3);
        string path = EmbeddingFiles.Diffusers(_folder["a.safetensors"], "<mine>", one);
        Assert.Equal("<other>", Assert.Single(TextualInversionFile.Read(path, "<other>")).Token);
        Assert.Throws<ArgumentException>(() => TextualInversionFile.Read(path, " "));
    }

    [Fact]
    public void Embeddings_bundled_in_LoRA_files_are_read()
    {
        using Tensor patch = randn(2, 4), one = randn(2, 3), two = randn(1, 3), wide = randn(1, 5);
        string path = EmbeddingFiles.Safetensors(
            _folder["lora.safetensors"], ("lora_unet_x.lora_down.weight", patch), ("bundle_emb.mine.string_to_param.*", one),
            ("bundle_emb.xl.clip_l", two), ("bundle_emb.xl.clip_g", wide));
        IReadOnlyList<TextualInversion> read = TextualInversionFile.Read(path);
        Assert.Equal(["mine", "xl"], read.Select(e => e.Token));
        AssertEqual(one, read[0].Embeddings[TextualInversion.OnlyTower]);
        AssertEqual(wide, read[1].Embeddings[TextualInversion.SecondTower]);
        Assert.Contains("mine, xl", Assert.Throws<ArgumentException>(() => TextualInversionFile.Read(path, "<t>")).Message);

        // The first trainer marks them in the metadata.
        SafetensorsWriter.Write(
            _folder["old.safetensors"], [("<s1>", two), ("unet:0:up", patch)], new Dictionary<string, string> { ["<s1>"] = "<embed>" });
        Assert.Equal("<s1>", Assert.Single(TextualInversionFile.Read(_folder["old.safetensors"])).Token);
    }

    [Fact]
    public void Files_of_something_else_are_refused_by_name()
    {
        using Tensor row = randn(1, 3), rows = randn(2, 3), kernel = randn(2, 3, 1, 1), none = zeros(0, 3), nan = full(1, 3, float.NaN);
        Refused("'one', 'two'", ("one", row), ("two", row));
        Refused("'clip_l', 'emb_params'", ("clip_l", row), ("emb_params", row));
        Refused("'conv.weight' is [2, 3, 1, 1]", ("conv.weight", kernel));
        Refused("'<a>' is [0, 3]", ("<a>", none));
        Refused("finite", ("<a>", nan));
        Refused("1 and 2 vectors", ("clip_l", row), ("clip_g", rows));
        Refused("expected one tensor under its token");

        void Refused(string why, params (string, Tensor)[] tensors)
        {
            string path = EmbeddingFiles.Safetensors(_folder["refused.safetensors"], tensors);
            Assert.Contains(why, Assert.Throws<CheckpointException>(() => TextualInversionFile.Read(path)).Message);
        }
    }

    private static void Check(string token, int vectors, string path, Tensor expected)
    {
        TextualInversion read = Assert.Single(TextualInversionFile.Read(path));
        Assert.Equal((token, vectors, Path.GetFileName(path)), (read.Token, read.Vectors, read.Source));
        AssertEqual(expected, Assert.Single(read.Embeddings, e => e.Key == TextualInversion.OnlyTower).Value);
    }

    private static void AssertEqual(Tensor expected, float[,] actual) =>
        Assert.Equal(expected.data<float>().ToArray(), actual.Cast<float>());
}
