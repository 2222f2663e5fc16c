extern alias library;
using Xunit;
using Nfc = library::LatentDiffusion.Tokenization.UnicodeNfc;

namespace LatentDiffusion.Tests.Tokenization;

public sealed class UnicodeNfcTests
{
    [Theory]
    [InlineData("plain ascii", "plain ascii")]
    [InlineData("e\u0301", "\u00e9")]
    [InlineData("e\u0323\u0302", "\u1ec7")] // two marks, one after the other
    [InlineData("e\u0302\u0323", "\u1ec7")] // and out of order
    [InlineData("a\u0315\u0300\u05ae\u0300b", "\u00e0\u05ae\u0300\u0315b")] // a mark of the same class stands between
    [InlineData("\u212b", "\u00c5")] // a singleton
    [InlineData("\u0958", "\u0915\u093c")] // excluded from composition
    [InlineData("\u0344", "\u0308\u0301")] // not composed, because it begins with a mark
    [InlineData("\u1100\u1161", "\uac00")]
    [InlineData("\uac00\u11a8", "\uac01")]
    [InlineData("\uac01\u11a8", "\uac01\u11a8")]
    [InlineData("\ud834\udd5e", "\ud834\udd57\ud834\udd65")] // beyond the basic plane
    public void Texts_are_in_form_C(string text, string composed)
    {
        Assert.Equal(composed, Nfc.Normalize(text));
        Assert.Equal(composed, Nfc.Normalize(composed));
    }

    [Fact]
    public void Half_a_surrogate_pair_is_replaced() => Assert.Equal("\u0301a\ufffd", Nfc.Normalize("\u0301a\ud800"));
}
