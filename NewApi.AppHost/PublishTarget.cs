using Aspire.Hosting.Docker.Resources.ComposeNodes;
using Aspire.Hosting.Docker.Resources.ServiceNodes;
using Aspire.Hosting.Docker.Resources.ServiceNodes.Swarm;
using Microsoft.Extensions.Configuration;

namespace NewApi.AppHost;

/// <summary>
/// What depends on where the topology goes: this machine (run), a compose file (<c>aspire publish</c>) or Azure Container Apps (azd). There is
/// exactly one compute environment per publish; <c>NEWAPI_TARGET=compose|aca|none</c> overrides the choice.
/// </summary>
internal sealed class PublishTarget
{
    private readonly bool _compose;

    private PublishTarget(bool compose) => _compose = compose;

    public static PublishTarget Choose(IDistributedApplicationBuilder builder)
    {
        // azd starts this program with --publisher manifest.
        var azd = string.Equals(builder.Configuration["Publishing:Publisher"], "manifest", StringComparison.OrdinalIgnoreCase);
        var target = builder.Configuration["NEWAPI_TARGET"] ?? (azd ? "aca" : "compose");
        var publishing = builder.ExecutionContext.IsPublishMode;
        if (publishing && target == "compose")
        {
            builder.AddDockerComposeEnvironment("compose")
                .WithDashboard(dashboard => dashboard.WithHostPort(18888));
        }
        else if (publishing && target == "aca")
        {
            builder.AddAzureContainerAppEnvironment("aca");
        }

        return new PublishTarget(publishing && target == "compose");
    }

    /// <summary>A server whose readiness others wait for; compose forgets the checks of the model and gets one of its own.</summary>
    public void Checked<T>(IResourceBuilder<T> server, string command)
        where T : IComputeResource =>
        Compose(server, service => service.Healthcheck = new Healthcheck
        {
            Test = ["CMD-SHELL", command],
            Interval = "10s",
            Timeout = "5s",
            Retries = 10,
            StartPeriod = "10s",
        });

    /// <summary>One of our services: an image name that .env can replace, and a start only after the servers are healthy.</summary>
    public void Service(IResourceBuilder<ProjectResource> project, string[] waitsFor) =>
        Compose(project, service =>
        {
            service.Image = $"${{{service.Name.ToUpperInvariant()}_IMAGE:-newapi-{service.Name}:latest}}";
            foreach (var name in waitsFor)
            {
                service.DependsOn[name] = new ServiceDependency { Condition = "service_healthy" };
            }
        });

    /// <summary>Opens a service to the outside on <paramref name="port"/>.</summary>
    public void Door(IResourceBuilder<ProjectResource> project, int port)
    {
        Web(project, external: true);

        // One replica: compose has no load balancer, a second one needs a proxy in front.
        Compose(project, service =>
        {
            service.Ports = [$"{port}:8080"];
            service.Deploy = new Deploy { Replicas = 1 };
        });
    }

    /// <summary>Leaves a service visible to its neighbours only.</summary>
    public void Inside(IResourceBuilder<ProjectResource> project)
    {
        Web(project, external: false);
        Compose(project, service => service.Ports = []);
    }

    private void Web(IResourceBuilder<ProjectResource> project, bool external)
    {
        project.WithHttpHealthCheck("/health");
        if (_compose)
        {
            project.WithEndpoint(
                "http",
                endpoint =>
                {
                    endpoint.IsExternal = external;
                    // Never in run mode or on Azure, where replicas would fight over it.
                    endpoint.TargetPort = 8080;
                },
                createIfNotExists: false);

            // Publishing gives every web project an https endpoint; nothing ends TLS inside compose.
            var annotations = project.Resource.Annotations;
            foreach (var https in annotations.OfType<EndpointAnnotation>().Where(endpoint => endpoint.UriScheme == "https").ToArray())
            {
                annotations.Remove(https);
            }
        }
        else if (external)
        {
            project.WithExternalHttpEndpoints();
        }
    }

    // Without a compose environment PublishAsDockerComposeService makes every publish fail, hence the gate.
    private void Compose<T>(IResourceBuilder<T> resource, Action<Service> configure)
        where T : IComputeResource
    {
        if (_compose)
        {
            resource.PublishAsDockerComposeService((_, service) =>
            {
                service.Restart = "unless-stopped";
                configure(service);
            });
        }
    }
}
