extern alias library;
using Xunit;
using Message = library::LatentDiffusion.Diagnostics.MessageText;

namespace LatentDiffusion.Tests.Diagnostics;

public sealed class MessageTextTests
{
    [Fact]
    public void A_short_text_stays_as_it_is() => Assert.Equal("a text", Message.Truncate("a text"));

    [Fact]
    public void A_long_text_is_cut_to_the_limit_and_marked()
    {
        string cut = Message.Truncate(new string('x', 5000));
        Assert.Equal(Message.MaximumLength, cut.Length);
        Assert.EndsWith("x…", cut, StringComparison.Ordinal);
    }

    [Fact]
    public void A_surrogate_pair_is_never_divided()
    {
        for (int length = 1; length < 12; length++)
        {
            string cut = Message.Truncate("😀😀😀😀😀😀", length);
            Assert.InRange(cut.Length, 1, length);
            Assert.Equal(0, cut.Count(char.IsHighSurrogate) - cut.Count(char.IsLowSurrogate));
        }
    }

    [Fact]
    public void A_list_shows_what_fits_and_counts_the_rest()
    {
        Assert.Equal("a, b", Message.List(["a", "b"]));
        Assert.Equal("aaa, bbb and 2 more", Message.List(["aaa", "bbb", "ccc", "ddd"], maximumLength: 12));
        Assert.Equal("aaaaaaa… and 1 more", Message.List([new string('a', 99), "b"], maximumLength: 8));
        Assert.Equal("", Message.List([]));
    }

    [Fact]
    public void A_checkpoint_exception_is_bounded_and_keeps_all_names()
    {
        string[] names = [.. Enumerable.Range(0, 300_000).Select(i => $"layer.{i}.weight")];
        var error = new CheckpointException("model.safetensors", names, names, names);
        Assert.InRange(error.Message.Length, 100, Message.MaximumLength);
        Assert.Contains("300000 missing: layer.0.weight", error.Message, StringComparison.Ordinal);
        Assert.Contains("300000 of another shape: layer.0.weight", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("Nothing was loaded.", error.Message, StringComparison.Ordinal);
        Assert.Equal(names, error.Unexpected);
        Assert.InRange(new CheckpointException("a", new string('x', 1 << 20)).Message.Length, 1, Message.MaximumLength);
    }
}
