using Xunit;

namespace LatentDiffusion.Hub.Tests;

/// <summary>The environment variables of huggingface_hub, with its precedence.</summary>
public sealed class SettingsTests : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("latent-diffusion-home-");

    private string Home => _home.FullName;

    [Fact]
    public void The_cache_follows_the_variables()
    {
        string user = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        Assert.Equal(Path.Combine(user, ".cache", "huggingface", "hub"), Settings().Cache);
        Assert.Equal(Path.Combine(Home, "x", "huggingface", "hub"), Settings(("XDG_CACHE_HOME", $"{Home}/x")).Cache);
        Assert.Equal(Path.Combine(Home, "hub"), Settings(("HF_HOME", Home), ("XDG_CACHE_HOME", "/x")).Cache);
        Assert.Equal(Path.Combine(Home, "old"), Settings(("HUGGINGFACE_HUB_CACHE", $"{Home}/old"), ("HF_HOME", "/h")).Cache);
        Assert.Equal(Path.Combine(Home, "new"), Settings(("HF_HUB_CACHE", "$ROOT/new"), ("ROOT", Home), ("HF_HOME", "/h")).Cache);
        Assert.Equal(Path.Combine(user, "c"), Settings(("HF_HUB_CACHE", "~/c")).Cache);
        Assert.Equal(Path.Combine(Home, "o"), new HubSettings(
            new ModelHubOptions { CacheFolder = $"{Home}/o" }, name => name == "HF_HUB_CACHE" ? "/h" : null).Cache);
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("true", true)]
    [InlineData("Yes", true)]
    [InlineData("ON", true)]
    [InlineData("0", false)]
    [InlineData("", false)]
    public void Offline_is_a_flag(string value, bool expected)
    {
        Assert.Equal(expected, Settings(("HF_HUB_OFFLINE", value)).Offline);
        Assert.Equal(expected, Settings(("TRANSFORMERS_OFFLINE", value)).Offline);
        Assert.False(new HubSettings(new ModelHubOptions { Offline = false }, name => name == "HF_HUB_OFFLINE" ? value : null).Offline);
    }

    [Fact]
    public void The_token_comes_from_options_variable_or_file()
    {
        File.WriteAllText(Path.Combine(Home, "token"), "hf_file\n");
        Assert.Equal("hf_file", Settings(("HF_HOME", Home)).Token);
        Assert.Equal("hf_variable", Settings(("HF_HOME", Home), ("HF_TOKEN", "hf_variable")).Token);
        Assert.Equal("hf_file", Settings(("HF_TOKEN_PATH", $"{Home}/token")).Token);
        Assert.Null(Settings(("HF_HOME", Home), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")).Token);
        Assert.Null(Settings(("HF_HOME", "/nowhere")).Token);
        Assert.Equal("hf_option", Given("hf_option").Token);
        Assert.Null(Given("").Token);
        HubException error = Assert.Throws<HubException>(() => Settings(("HF_TOKEN", "hf_a b")));
        Assert.DoesNotContain("hf_a", error.Message, StringComparison.Ordinal);

        HubSettings Given(string token) => new(new ModelHubOptions { Token = token }, name => name == "HF_HOME" ? Home : null);
    }

    [Fact]
    public void The_token_goes_to_the_hub_only_and_never_in_the_clear()
    {
        HubSettings secure = Settings(), mirror = Settings(("HF_ENDPOINT", "http://mirror.example:8080/hub/"));
        Assert.Equal("https://huggingface.co/", secure.Endpoint.AbsoluteUri);
        Assert.Equal("http://mirror.example:8080/hub/", mirror.Endpoint.AbsoluteUri);
        Assert.True(secure.Trusts(new Uri("https://huggingface.co/a")));
        Assert.False(secure.Trusts(new Uri("https://cdn.huggingface.co/a")));
        Assert.False(secure.Trusts(new Uri("https://huggingface.co:444/a")));
        Assert.False(secure.Trusts(new Uri("http://huggingface.co/a")));
        Assert.False(mirror.Trusts(new Uri("http://mirror.example:8080/a")));
        Assert.True(Settings(("HF_ENDPOINT", "http://127.0.0.1:1")).Trusts(new Uri("http://127.0.0.1:1/a")));
        Assert.Throws<HubException>(() => Settings(("HF_ENDPOINT", "huggingface.co")));
    }

    public void Dispose() => _home.Delete(recursive: true);

    private static HubSettings Settings(params (string Name, string Value)[] variables) => new(
        new ModelHubOptions(), name => variables.FirstOrDefault(variable => variable.Name == name).Value);
}
