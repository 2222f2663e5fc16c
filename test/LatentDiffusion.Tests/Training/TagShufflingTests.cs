using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>Tags in another order in each epoch, and the texts made of them.</summary>
public sealed class TagShufflingTests
{
    [Fact]
    public void The_first_tags_stay_and_the_order_follows_from_seed_caption_and_epoch()
    {
        var shuffling = new TagShuffling { KeepFirst = 2, Seed = 5 };
        const string Caption = "sks bird, photo, a,b ,  c, ,d";
        string[] seen = [.. Enumerable.Range(0, 40).Select(epoch => shuffling.Apply(Caption, 3, epoch))];
        Assert.All(seen, s => Assert.StartsWith("sks bird, photo, ", s, StringComparison.Ordinal));
        Assert.All(seen, s => Assert.Equal(["a", "b", "c", "d"], s.Split(", ")[2..].Order()));
        // Of 24 orders, 40 draws show more than a few.
        Assert.True(seen.Distinct().Count() > 12, "tags hardly change places");
        Assert.Equal(seen, Enumerable.Range(0, 40).Select(epoch => shuffling.Apply(Caption, 3, epoch)));
        Assert.NotEqual(seen, Enumerable.Range(0, 40).Select(epoch => shuffling.Apply(Caption, 4, epoch)));
        Assert.NotEqual(seen, Enumerable.Range(0, 40).Select(epoch => (shuffling with { Seed = 6 }).Apply(Caption, 3, epoch)));
        Assert.Equal("a bird on a branch", shuffling.Apply("a bird on a branch", 0, 1));
    }

    [Fact]
    public void A_fraction_of_the_other_tags_is_left_out()
    {
        var shuffling = new TagShuffling { KeepFirst = 1, TagDropout = 0.3, Separator = ";" };
        string caption = string.Join(';', Enumerable.Range(0, 101));
        int[] counts = [.. Enumerable.Range(0, 50).Select(epoch => shuffling.Apply(caption, 0, epoch).Split("; ").Length)];
        Assert.InRange(counts.Average(), 1 + 70 - 4, 1 + 70 + 4);
        Assert.All(Enumerable.Range(0, 50), epoch => Assert.StartsWith("0;", shuffling.Apply(caption, 0, epoch), StringComparison.Ordinal));
    }

    [Fact]
    public void Texts_are_those_of_the_shuffled_captions_also_with_several_per_image()
    {
        using DisposeScope scope = NewDisposeScope();
        using ModelComponents model = FamilyFolders.Make("xl");
        using DiffusionModel whole = DiffusionModel.FromComponents(model);
        var shuffling = new TagShuffling { Seed = 2 };
        string[] captions = ["a, b, ab", "b, b, a", "b, a, ab, a"];
        using ClipTextConditioning texts = ClipTextConditioning.FromCaptions(model, captions, train: false, shuffling);
        Assert.Empty(texts.Modules);
        using ClipTextConditioning trained = ClipTextConditioning.FromCaptions(model, captions);
        Assert.Equal(["text_encoder", "text_encoder_2"], trained.Modules.Keys.Order());
        Assert.NotEqual(trained.ContentKey, texts.ContentKey);
        for (int epoch = 0; epoch < 3; epoch++)
        {
            string[] shuffled = [shuffling.Apply(captions[2], 2, epoch), shuffling.Apply(captions[0], 0, epoch)];
            using Conditioning expected = whole.TextEncoder!.Encode(shuffled);
            Conditioning actual = texts.Encode(tensor(new long[] { 2, 0 }), zeros(2, ScalarType.Bool), [epoch, epoch]);
            Assert.Equal(Values(expected.HiddenStates), Values(actual.HiddenStates));
            Assert.Equal(Values(expected.Pooled!), Values(actual.Pooled!));
        }

        // The first image has two captions and the second one.
        ITextConditioning several = new CaptionsByEpoch(texts, [2, 1]);
        string[] seen = [.. Enumerable.Range(0, 6).Select(
            epoch => Find(several.Encode(tensor(new long[] { 0 }), zeros(1, ScalarType.Bool), [epoch]), epoch))];
        Assert.Equal(3, seen.Count(s => s == captions[0]));
        Assert.Equal(3, seen.Count(s => s == captions[1]));

        string Find(Conditioning text, long epoch) => captions.Take(2).Index().Single(c =>
        {
            using Conditioning one = whole.TextEncoder!.Encode([shuffling.Apply(c.Item, c.Index, epoch)]);
            return Values(one.HiddenStates).SequenceEqual(Values(text.HiddenStates));
        }).Item;
    }

    private static float[] Values(Tensor tensor) => [.. tensor.data<float>()];
}
