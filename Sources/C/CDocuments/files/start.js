// Shows the contract of the very server this page came from; nothing is asked of anybody else.
SwaggerUIBundle({ url: "/openapi.json", dom_id: "#contract", deepLinking: true, validatorUrl: null, tryItOutEnabled: true });
