using System.ComponentModel.DataAnnotations;
using Xunit;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>The table of request settings.</summary>
public sealed class RequestSettingsTests
{
    [Fact]
    public void Every_property_of_a_request_is_a_setting() => Assert.Equal(
        typeof(GenerationRequest).GetProperties().Where(p => p.SetMethod is not null).Select(p => p.Name).Order(StringComparer.Ordinal),
        RequestSettings.All.Select(s => s.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void Ranges_contain_what_their_text_says()
    {
        Assert.Equal("from 1 to 1000", $"{RequestSettings.Steps.Range}");
        Assert.Equal([false, true, true, false], new[] { 0, 1, 1000, 1001 }.Select(RequestSettings.Steps.Range!.Contains));
        Assert.Equal("more than 0 and at most 1", $"{RequestSettings.Strength.Range}");
        double[] strengths = [0, double.Epsilon, 1, 1.01, double.NaN];
        Assert.Equal([false, true, true, false, false], strengths.Select(RequestSettings.Strength.Range!.Contains));
        Assert.Equal("more than zero and at most 24.00:00:00", $"{RequestSettings.TimeLimit.Range}");
    }

    [Theory]
    [InlineData(null, 1.0, null)]
    [InlineData(0, 0.5, "Steps is 0; expected from 1 to 1000.")]
    [InlineData(4, 0.0, "Share is 0; expected more than 0 and at most 1.")]
    public void Options_take_the_range_of_a_setting(int? steps, double share, string? message)
    {
        var results = new List<ValidationResult>();
        var options = new SomeOptions { Steps = steps, Share = share };
        Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true);
        Assert.Equal(message, results.SingleOrDefault()?.ErrorMessage);
    }

    private sealed class SomeOptions
    {
        [RequestRange(nameof(GenerationRequest.Steps))]
        public int? Steps { get; init; }

        [RequestRange(nameof(GenerationRequest.Strength))]
        public double Share { get; init; }
    }
}
